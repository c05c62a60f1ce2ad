import {describe, expect, it} from 'vitest';
import {failing, gate, type TestTask, task, tell} from './tasks.ts';

const there = (reason = 'there'): Partial<TestTask> => ({done: async () => reason});

describe('what a run is about', () => {
  it('runs the needs of a task first', async () => {
    const {lines, result} = await tell([task('a'), task('b', ['a']), task('c', ['b'])]);
    expect(lines).toEqual([
      'planned a b c',
      'started a',
      'done a',
      'started b',
      'done b',
      'started c',
      'done c',
    ]);
    expect(result).toEqual({ok: true, ran: ['a', 'b', 'c']});
  });

  it('skips a finished task, and does not check its needs', async () => {
    const {lines, result} = await tell([
      task('a', [], failing()),
      task('b', ['a'], there('made before')),
      task('c', ['b']),
    ]);
    expect(lines).toEqual(['planned b c', 'skipped b: made before', 'started c', 'done c']);
    expect(result).toEqual({ok: true, ran: ['c']});
  });

  it('checks the needs of a finished task for the other tasks that need them', async () => {
    const {lines} = await tell([task('a'), task('b', ['a'], there()), task('c', ['a', 'b'])]);
    expect(lines).toEqual([
      'planned a b c',
      'skipped b: there',
      'started a',
      'done a',
      'started c',
      'done c',
    ]);
  });

  it('runs nothing when the targets are finished', async () => {
    const {lines, result} = await tell([task('a'), task('b', ['a'], there())]);
    expect(lines).toEqual(['planned b', 'skipped b: there']);
    expect(result).toEqual({ok: true, ran: []});
  });

  it('leaves out tasks that no target needs', async () => {
    const {lines} = await tell([task('other'), task('a')]);
    expect(lines).toEqual(['planned a', 'started a', 'done a']);
  });

  it('accepts several targets', async () => {
    const {result} = await tell([task('a'), task('b'), task('c')], {targets: ['c', 'a']});
    expect(result).toEqual({ok: true, ran: ['a', 'c']});
  });

  it('refuses an unknown target before it asks any task', async () => {
    await expect(tell([task('a')], {targets: ['nope']})).rejects.toThrow('no task is called nope');
  });

  it('gives a task its fingerprint and those of its needs', async () => {
    const seen: string[] = [];
    await tell([
      task('a', [], {run: async (_, {fingerprint}) => void seen.push(fingerprint)}),
      task('b', ['a'], {run: async (_, {fingerprintOf}) => void seen.push(fingerprintOf('a'))}),
    ]);
    expect(seen[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(seen[1]).toBe(seen[0]);
  });

  it('fails a task that asks for the fingerprint of a task outside its needs', async () => {
    const {lines} = await tell([
      task('a'),
      task('b', ['a']),
      task('c', ['b'], {run: async (_, {fingerprintOf}) => void fingerprintOf('a')}),
    ]);
    expect(lines.at(-1)).toBe('failed c: c asks for the fingerprint of a, which is not in its needs');
  });
});

describe('asking whether a task is done', () => {
  it('asks independent tasks at the same time', async () => {
    const [a, b] = [gate(), gate()];
    const opening = (own: typeof a) => async (): Promise<string> => {
      own.open();
      await Promise.all([a.passed, b.passed]);
      return 'there';
    };
    const {result} = await tell([
      task('a', [], {done: opening(a)}),
      task('b', [], {done: opening(b)}),
      task('c', ['a', 'b']),
    ]);
    expect(result).toEqual({ok: true, ran: ['c']});
  });

  it('asks again after its needs have run, because they may have finished it too', async () => {
    let made = false;
    const {lines} = await tell([
      task('a', [], {run: async () => void (made = true)}),
      task('b', ['a'], {done: async () => (made ? 'came with a' : undefined)}),
    ]);
    expect(lines).toEqual(['planned a b', 'started a', 'done a', 'skipped b: came with a']);
  });

  it('asks only once when no need has run', async () => {
    let asked = 0;
    const done = async (): Promise<undefined> => void (asked += 1);
    await tell([task('a', [], there()), task('b', ['a'], {done})]);
    expect(asked).toBe(1);
  });

  it('treats a failing check as not done, and asks again after the needs have run', async () => {
    let installed = false;
    const done = async (): Promise<string> => {
      if (!installed) throw new Error('docker: not found');
      return 'image exists';
    };
    const {lines} = await tell([
      task('engine', [], {run: async () => void (installed = true)}),
      task('image', ['engine'], {done}),
    ]);
    expect(lines).toEqual([
      'planned engine image',
      'started engine',
      'done engine',
      'skipped image: image exists',
    ]);
  });

  it('runs the task when the check still fails, and fails only if the run fails', async () => {
    const done = () => Promise.reject(new Error('connection refused'));
    const waiting = await tell([task('a'), task('b', ['a'], {done})]);
    expect(waiting.lines).toEqual(['planned a b', 'started a', 'done a', 'started b', 'done b']);
    const {lines} = await tell([task('a', [], {done, ...failing('no permission')})]);
    expect(lines).toEqual(['planned a', 'started a', 'failed a: no permission']);
  });

  it('keeps the output of the check that failed', async () => {
    const done = () =>
      Promise.reject(Object.assign(new Error('exit code 1: kubectl'), {output: 'connection refused'}));
    const {result} = await tell([task('a', [], {done, ...failing('gave up')})]);
    expect(result).toMatchObject({
      failures: [
        {lastLines: expect.arrayContaining([expect.stringContaining('exit code 1'), 'connection refused'])},
      ],
    });
  });
});

describe('a live task', () => {
  const live = {live: true} as const;

  it('is asked again after a live need has run, also through a finished need', async () => {
    let restarted = false;
    const done = async (): Promise<string | undefined> => (restarted ? undefined : 'stale');
    const {lines} = await tell([
      task('nodes', [], {...live, run: async () => void (restarted = true)}),
      task('ready', ['nodes'], {...live, done: async () => (restarted ? 'ready again' : 'stale')}),
      task('pod', ['ready'], {...live, done}),
    ]);
    expect(lines).toEqual([
      'planned nodes ready pod',
      'started nodes',
      'done nodes',
      'skipped ready: ready again',
      'started pod',
      'done pod',
    ]);
  });

  it('is skipped at once when all of its live needs are finished', async () => {
    const {lines} = await tell([
      task('image', [], failing()),
      task('nodes', ['image'], {...live, ...there()}),
      task('pod', ['nodes', 'image'], {...live, ...there()}),
    ]);
    expect(lines).toEqual(['planned nodes pod', 'skipped nodes: there', 'skipped pod: there']);
  });
});

describe('inputs that change during a run', () => {
  const changing = (at: 'before' | 'after') => {
    let content = 'old';
    const change = async (): Promise<void> => {
      content = 'new';
    };
    return [
      task('a', [], at === 'before' ? {run: change} : {}),
      task('b', ['a'], {inputs: () => content, ...(at === 'after' && {run: change})}),
    ];
  };

  it('fail the task that has not started, because its result would get the name of the old inputs', async () => {
    const {lines} = await tell(changing('before'));
    expect(lines.slice(0, 4)).toEqual(['planned a b', 'started a', 'done a', 'started b']);
    expect(lines.at(-1)).toBe(
      'failed b: files changed during the run: the inputs of "Make b" differ from those at the start of the run',
    );
  });

  it('do not matter to a task that has read them', async () => {
    expect((await tell(changing('after'))).result).toEqual({ok: true, ran: ['a', 'b']});
  });
});
