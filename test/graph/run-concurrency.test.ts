import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {acyclicTasks, closureOf} from './random-tasks.ts';
import {gate, task, tell} from './tasks.ts';

describe('running at the same time', () => {
  it('runs independent tasks together, as many as allowed', async () => {
    let [running, most] = [0, 0];
    const run = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    };
    const ids = ['a', 'b', 'c', 'd', 'e'];
    await tell([...ids.map((id) => task(id, [], {run})), task('all', ids)], {concurrency: 2});
    expect(most).toBe(2);
  });

  it('starts a task as soon as its needs are finished', async () => {
    const end = gate();
    const {lines} = await tell(
      [
        task('slow', [], {run: () => end.passed}),
        task('quick'),
        task('next', ['quick'], {run: async () => end.open()}),
        task('all', ['slow', 'next']),
      ],
      {concurrency: 2},
    );
    expect(lines.indexOf('started next')).toBeLessThan(lines.indexOf('done slow'));
    expect(lines.at(-1)).toBe('done all');
  });

  it('starts the first task of the plan first, not the one that could start earlier', async () => {
    const {lines} = await tell([
      task('root'),
      task('build', ['root']),
      task('early'),
      task('late', ['early']),
      task('all', ['build', 'late']),
    ]);
    expect(lines.filter((line) => line.startsWith('started'))).toEqual([
      'started root',
      'started build',
      'started early',
      'started late',
      'started all',
    ]);
  });

  it('keeps the order and the limit and runs every task, with any graph', async () => {
    await fc.assert(
      fc.asyncProperty(acyclicTasks, fc.integer({min: 1, max: 4}), async (tasks, concurrency) => {
        let [running, most] = [0, 0];
        const run = async (): Promise<void> => {
          running += 1;
          most = Math.max(most, running);
          await new Promise((resolve) => setImmediate(resolve));
          running -= 1;
        };
        const target = tasks[0]?.id ?? '';
        const {lines, result} = await tell(
          tasks.map((each) => ({...each, run})),
          {targets: [target], concurrency},
        );
        if (!result.ok) throw new Error('failed');
        expect(new Set(result.ran)).toEqual(closureOf(tasks, target));
        expect(most).toBeLessThanOrEqual(concurrency);
        for (const {id, needs} of tasks.filter((each) => result.ran.includes(each.id))) {
          for (const need of needs) {
            expect(lines.indexOf(`done ${need}`)).toBeLessThan(lines.indexOf(`started ${id}`));
          }
        }
      }),
      {numRuns: 50},
    );
  });
});
