/** `npm run bench`: flags, one run, its figures. */
import {writeFile} from 'node:fs/promises';
import {bench, type Running} from './bench.ts';
import {type BenchOptions, optionsFrom, UsageError, usage} from './options.ts';
import {reportOf} from './report.ts';

/** Returns the exit code. Everything is put away before that, also when `signal` aborts. */
export const main = async (args: readonly string[], file: string, signal: AbortSignal): Promise<number> => {
  try {
    const options = optionsFrom(args);
    if (options) await run(options, {file, signal, say: complain});
    else process.stdout.write(usage);
    return 0;
  } catch (error) {
    // Ctrl-C also ends what is measured, which then fails in its own ways.
    complain(signal.aborted ? 'stopped' : error instanceof Error ? error.message : String(error));
    if (error instanceof UsageError) return 2;
    return signal.aborted ? 130 : 1;
  }
};

const run = async (options: BenchOptions, running: Running): Promise<void> => {
  if (process.geteuid?.() !== 0) throw new Error('network namespaces take root');
  const figures = await bench(options, running);
  process.stdout.write(`\n${reportOf(figures)}`);
  if (options.json) await writeFile(options.json, `${JSON.stringify(figures, null, 2)}\n`);
};

const complain = (line: string): void => {
  process.stderr.write(`bench: ${line}\n`);
};
