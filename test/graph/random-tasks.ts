/** Arbitrary task lists without cycles, for properties. */

import * as fc from 'fast-check';
import {type TestTask, task} from './tasks.ts';

/** Each task needs some of those that were made before it; then the list is shuffled. */
export const acyclicTasks: fc.Arbitrary<readonly TestTask[]> = fc
  .array(fc.array(fc.nat(), {maxLength: 3}), {minLength: 1, maxLength: 10})
  .map((needs) =>
    needs.map((numbers, index) =>
      task(`t${index}`, index === 0 ? [] : [...new Set(numbers.map((number) => `t${number % index}`))]),
    ),
  )
  .chain((tasks) => fc.shuffledSubarray(tasks, {minLength: tasks.length}));

/** What `id` needs, directly or not, and itself. */
export const closureOf = (tasks: readonly TestTask[], id: string): ReadonlySet<string> => {
  const needed = new Set<string>();
  const add = (each: string): void => {
    if (needed.has(each)) return;
    needed.add(each);
    for (const need of tasks.find((other) => other.id === each)?.needs ?? []) add(need);
  };
  add(id);
  return needed;
};
