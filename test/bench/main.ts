/** `npm run bench`: flags, one run, its figures. */
import {writeFile} from 'node:fs/promises';
import {bench, type Running} from './bench.ts';
import {chartOf} from './chart.ts';
import {type BenchOptions, optionsFrom, UsageError, usage} from './options.ts';
import {reportOf} from './report.ts';

/** Returns the exit code. Everything is put away before that, also when `signal` aborts. */
export const main = async (args: readonly string[], running: Omit<Running, 'say'>): Promise<number> => {
  try {
    const options = optionsFrom(args);
    if (options) await run(options, {...running, say: complain});
    else process.stdout.write(usage);
    return 0;
  } catch (error) {
    // Ctrl-C also ends what is measured, which then fails in its own ways.
    complain(running.signal.aborted ? 'stopped' : error instanceof Error ? error.message : String(error));
    if (error instanceof UsageError) return 2;
    return running.signal.aborted ? 130 : 1;
  }
};

const run = async (options: BenchOptions, running: Running): Promise<void> => {
  if (process.geteuid?.() !== 0)
    throw new Error('cannot create network namespaces: run the benchmark as root');
  const figures = await bench(options, running);
  process.stdout.write(`\n${reportOf(figures)}`);
  if (options.svg) await writeFile(options.svg, chartOf(figures));
  if (options.json) await writeFile(options.json, `${JSON.stringify(figures, null, 2)}\n`);
};

const complain = (line: string): void => {
  process.stderr.write(`bench: ${line}\n`);
};
