import {describe, expect, it} from 'vitest';
import {CommandError} from '../../src/host/command-error.ts';
import {localHost} from '../../src/host/process.ts';
import {isAlive} from '../rig/processes.ts';
import {tempDir} from '../rig/temp-dir.ts';
import {type TestTask, task, tell} from './tasks.ts';

const host = localHost({grace: 300, linger: 100});

/** A task that runs a shell script, as tasks do: output to the log, cancelled by the run's signal. */
const script = (id: string, needs: readonly string[], text: string): TestTask =>
  task(id, needs, {
    run: async (_, {signal, log}) => void (await host.run(['sh', ['-c', text]], {signal, onLine: log})),
  });

describe('a run of real commands', () => {
  it('makes what is missing, and nothing the second time', async () => {
    await using dir = await tempDir();
    const made = (name: string, needs: readonly string[], text: string): TestTask => ({
      ...script(name, needs, text),
      done: async () => {
        const {stdout} = await host.run(['ls', [dir.path]]);
        return stdout.split('\n').includes(name) ? `${name} exists` : undefined;
      },
    });
    const tasks = [
      made('source', [], `echo fetching; echo hello > ${dir.join('source')}`),
      made('upper', ['source'], `tr a-z A-Z < ${dir.join('source')} > ${dir.join('upper')}`),
    ];
    const first = await tell(tasks);
    expect(first.lines).toEqual([
      'planned source upper',
      'started source',
      'source says fetching',
      'done source',
      'started upper',
      'done upper',
    ]);
    const second = await tell(tasks);
    expect(second.lines).toEqual(['planned upper', 'skipped upper: upper exists']);
    expect((await host.run(['cat', [dir.join('upper')]])).stdout).toBe('HELLO');
  });

  it('keeps the error of the command and its last lines', async () => {
    const {result} = await tell([script('bad', [], 'echo about to fail; exit 7')]);
    if (result.ok) throw new Error('expected a failure');
    const [failure] = result.failures;
    expect(failure?.lastLines).toEqual(['about to fail']);
    expect(failure?.failure).toMatchObject({kind: 'threw', error: {reason: 'exit code 7'}});
    expect(failure?.failure.kind === 'threw' && failure.failure.error).toBeInstanceOf(CommandError);
  });

  it('leaves no process behind when it is cancelled', async () => {
    const cancel = new AbortController();
    const pids: number[] = [];
    const hang = 'sleep 1000 & echo $$; echo $!; wait';
    const {lines} = await tell(
      [script('a', [], hang), script('b', [], hang), script('c', ['a', 'b'], 'true')],
      {
        concurrency: 2,
        signal: cancel.signal,
        emit(event) {
          if (event.kind === 'output') pids.push(Number(event.line));
          if (pids.length === 4) cancel.abort();
        },
      },
    );
    expect(lines.slice(-3).sort()).toEqual([
      'failed a: cancelled',
      'failed b: cancelled',
      'failed c: cancelled',
    ]);
    await expect.poll(() => pids.filter(isAlive), {timeout: 30_000}).toEqual([]);
  });
});
