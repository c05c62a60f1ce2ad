import {describe, expect, it} from 'vitest';
import {planTasks} from '../../src/graph/plan.ts';
import {preview} from '../../src/graph/preview.ts';
import type {Task} from '../../src/graph/task.ts';

const {signal} = new AbortController();

const task = (
  id: string,
  needs: readonly string[],
  rest: Partial<Task<undefined>> = {},
): Task<undefined> => ({
  id,
  title: id,
  needs,
  run: () => Promise.reject(new Error(`${id} ran`)),
  ...rest,
});
const done = (reason: string | undefined) => ({done: async () => reason});

const statesOf = async (...tasks: readonly Task<undefined>[]) => {
  const planned = planTasks(tasks);
  if (!planned.ok) throw new Error('invalid plan');
  const last = tasks.at(-1)?.id ?? '';
  return Object.fromEntries(await preview(planned.plan, [last], {context: undefined, signal}));
};

describe('preview', () => {
  it('runs nothing, and tells existing results from missing ones', async () => {
    expect(
      await statesOf(task('a', [], done('kept')), task('b', ['a'], done(undefined)), task('c', ['b'])),
    ).toEqual({
      a: {state: 'done', reason: 'kept'},
      b: {state: 'would-run', reason: 'no result yet'},
      c: {state: 'would-run', reason: 'always runs'},
    });
  });

  it('does not ask tasks that no missing result needs', async () => {
    const never = () => Promise.reject(new Error('asked'));
    expect(await statesOf(task('a', [], {done: never}), task('b', ['a'], done('kept')))).toEqual({
      a: {state: 'not-needed', reason: 'no task that would run needs it'},
      b: {state: 'done', reason: 'kept'},
    });
  });

  it('does not know what cannot be asked, and what depends on it', async () => {
    const cannot = {done: () => Promise.reject(new Error('docker does not answer')), live: true};
    expect(await statesOf(task('a', [], cannot), task('b', ['a'], {...done('fine'), live: true}))).toEqual({
      a: {state: 'unknown', reason: 'docker does not answer'},
      b: {state: 'unknown', reason: 'depends on a'},
    });
  });

  it('names the need that would run first, not what the task says without it', async () => {
    const cluster = task('cluster', [], {...done(undefined), live: true});
    const failing = {done: () => Promise.reject(new Error('no control plane')), live: true};
    const {nodes} = await statesOf(cluster, task('nodes', ['cluster'], failing));
    expect(nodes).toEqual({state: 'unknown', reason: 'depends on cluster'});
  });

  it('gives a task the fingerprints that a run would give it', async () => {
    const seen: string[] = [];
    const ask = async (_: undefined, {fingerprint}: {fingerprint: string}) => {
      seen.push(fingerprint);
      return undefined;
    };
    await statesOf(task('a', [], {inputs: () => 1, done: ask}));
    await statesOf(task('a', [], {inputs: () => 2, done: ask}));
    expect(seen.map((each) => /^[0-9a-f]{64}$/.test(each))).toEqual([true, true]);
    expect(seen[0]).not.toBe(seen[1]);
  });
});
