import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {describePlanFailure, planTasks} from '../../src/graph/plan.ts';
import {acyclicTasks} from './random-tasks.ts';
import {planOf, task} from './tasks.ts';

const problemOf = (...tasks: Parameters<typeof planTasks<undefined>>[0]): string => {
  const result = planTasks(tasks);
  return result.ok ? 'none' : describePlanFailure(result.failure);
};

describe('planTasks', () => {
  it('keeps the order of the list if needs allow', () => {
    const plan = planOf([task('c'), task('a', ['b']), task('b'), task('d')]);
    expect([...plan.tasks.keys()]).toEqual(['c', 'b', 'a', 'd']);
  });

  it('takes an empty list', () => {
    expect(planOf([]).tasks.size).toBe(0);
  });

  it('finds two tasks of one name', () => {
    expect(problemOf(task('a'), task('a'))).toBe('two tasks are called a');
  });

  it('finds a need that does not exist', () => {
    expect(problemOf(task('a', ['b']))).toBe('a needs b, which does not exist');
  });

  it('finds a task that needs itself', () => {
    expect(problemOf(task('a', ['a']))).toBe('dependency cycle: a → a');
  });

  it('finds a circle, and names only the tasks that are part of it', () => {
    expect(
      problemOf(task('in', ['a']), task('a', ['x', 'b']), task('b', ['c']), task('c', ['a']), task('x')),
    ).toBe('dependency cycle: a → b → c → a');
  });

  it('accepts two paths to one task', () => {
    expect(
      problemOf(
        task('top', ['left', 'right']),
        task('left', ['base']),
        task('right', ['base']),
        task('base'),
      ),
    ).toBe('none');
  });

  it('puts every task once, and after its needs', () => {
    fc.assert(
      fc.property(acyclicTasks, (tasks) => {
        const order = [...planOf(tasks).tasks.keys()];
        expect([...order].sort()).toEqual(tasks.map(({id}) => id).sort());
        for (const {id, needs} of tasks) {
          for (const need of needs) expect(order.indexOf(need)).toBeLessThan(order.indexOf(id));
        }
      }),
    );
  });

  it('finds a cycle at any place', () => {
    fc.assert(
      fc.property(acyclicTasks, fc.nat(), (tasks, number) => {
        const last = [...planOf(tasks).tasks.values()].at(number % tasks.length);
        const start = last?.needs[0];
        fc.pre(last !== undefined && start !== undefined);
        const closed = tasks.map((each) =>
          each.id === start ? task(each.id, [...each.needs, last.id]) : each,
        );
        const result = planTasks(closed);
        expect(result).toMatchObject({ok: false, failure: {kind: 'cycle'}});
        if (result.ok || result.failure.kind !== 'cycle') return;
        const {path} = result.failure;
        expect(path.at(0)).toBe(path.at(-1));
        for (const [index, id] of path.slice(0, -1).entries()) {
          expect(closed.find((each) => each.id === id)?.needs).toContain(path[index + 1]);
        }
      }),
    );
  });
});
