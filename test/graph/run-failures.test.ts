import {describe, expect, it} from 'vitest';
import {failing, gate, type TestTask, task, tell} from './tasks.ts';

describe('failing', () => {
  it('does not start tasks that need a failed one, and names the task that failed first', async () => {
    const {lines, result} = await tell([task('a', [], failing()), task('b', ['a']), task('c', ['b'])]);
    expect(lines).toEqual([
      'planned a b c',
      'started a',
      'failed a: boom',
      'failed b: not started: a failed',
      'failed c: not started: a failed',
    ]);
    expect(result).toMatchObject({ok: false, failures: [{task: 'a'}, {task: 'b'}, {task: 'c'}]});
  });

  it('starts no task after the first failure, and waits for running ones', async () => {
    const failed = gate();
    const {lines, result} = await tell(
      [
        task('slow', [], {run: () => failed.passed}),
        task('bad', [], failing()),
        task('later'),
        task('all', ['slow', 'bad', 'later']),
      ],
      {concurrency: 2, emit: (event) => event.kind === 'failed' && setImmediate(failed.open)},
    );
    expect(lines).toEqual([
      'planned slow bad later all',
      'started slow',
      'started bad',
      'failed bad: boom',
      'failed later: not started: bad failed',
      'done slow',
      'failed all: not started: bad failed',
    ]);
    expect(result.ok).toBe(false);
  });

  it('reports every task whose own run failed', async () => {
    const both = gate();
    const fail = async (): Promise<never> => {
      await both.passed;
      throw new Error('boom');
    };
    const {lines} = await tell([task('a', [], {run: fail}), task('b', [], {run: fail}), task('c', ['b'])], {
      targets: ['a', 'c'],
      concurrency: 2,
      emit: (event) => event.kind === 'started' && event.task === 'b' && both.open(),
    });
    expect(lines.slice(-3).sort()).toEqual([
      'failed a: boom',
      'failed b: boom',
      'failed c: not started: b failed',
    ]);
  });

  it('keeps any thrown value', async () => {
    const {result} = await tell([task('a', [], {run: () => Promise.reject('not even an error')})]);
    expect(result).toMatchObject({failures: [{failure: {kind: 'threw', error: 'not even an error'}}]});
  });

  it('treats a task that throws synchronously as failed', async () => {
    const run = (): Promise<void> => {
      throw new Error('at once');
    };
    expect((await tell([task('a', [], {run})])).lines).toEqual([
      'planned a',
      'started a',
      'failed a: at once',
    ]);
  });

  it('fails before any check or run when the inputs of a task are unknown', async () => {
    const {lines, result} = await tell([
      task('a', [], {inputs: () => Promise.reject(new Error('no such file'))}),
      task('b', ['a'], {done: () => Promise.reject(new Error('asked'))}),
    ]);
    expect(lines).toEqual(['planned a', 'failed a: no such file']);
    expect(result.ok).toBe(false);
  });
});

describe('cancelling', () => {
  it('cancels running tasks, waits for them, and starts no others', async () => {
    const cancel = new AbortController();
    let cleaned = false;
    const run: TestTask['run'] = (_, {signal}) =>
      new Promise((_resolve, reject) => {
        const stop = (): void => {
          cleaned = true;
          reject(signal.reason);
        };
        signal.addEventListener('abort', () => setImmediate(stop));
      });
    const {lines, result} = await tell([task('a', [], {run}), task('b', ['a'])], {
      signal: cancel.signal,
      emit: (event) => event.kind === 'started' && setImmediate(() => cancel.abort()),
    });
    expect(lines).toEqual(['planned a b', 'started a', 'failed a: cancelled', 'failed b: cancelled']);
    expect(cleaned).toBe(true);
    expect(result).toMatchObject({ok: false, failures: [{failure: {kind: 'cancelled'}}, {task: 'b'}]});
  });

  it('keeps the result of a task that succeeds despite the cancellation', async () => {
    const cancel = new AbortController();
    const run = async (): Promise<void> => cancel.abort();
    const {lines, result} = await tell([task('a', [], {run})], {signal: cancel.signal});
    expect(lines).toEqual(['planned a', 'started a', 'done a']);
    expect(result.ok).toBe(true);
  });

  it('runs nothing when it was cancelled before the start', async () => {
    const {lines} = await tell([task('a'), task('b', ['a'])], {signal: AbortSignal.abort()});
    expect(lines).toEqual(['planned a b', 'failed a: cancelled', 'failed b: cancelled']);
  });

  it('starts nothing when it is cancelled during a check', async () => {
    const cancel = new AbortController();
    const done = async (): Promise<never> => {
      cancel.abort();
      throw new Error('cancelled: docker image inspect');
    };
    const {lines} = await tell([task('a', [], {done})], {signal: cancel.signal});
    expect(lines).toEqual(['planned a', 'failed a: cancelled']);
  });
});
