/** Finds the tasks of a run: starts at the targets, and follows the needs of tasks whose result does not exist. */

import type {Plan} from './plan.ts';
import type {Task, TaskId} from './task.ts';

/** Whether a task's result exists. */
export type Answer =
  | {readonly kind: 'present'; readonly reason: string}
  | {readonly kind: 'missing'}
  /**
   * `done` threw, perhaps because it calls a tool that one of the needs installs. Or the task is live, and one of its live
   * needs must run. `done` is called again after the needs.
   */
  | {readonly kind: 'unknown'};

/**
 * Returns the answers by id, for every task that was visited. A task whose result exists does not cause visits to its
 * needs, except for the live needs of a live task. Each task is asked once, independent tasks concurrently.
 * Rejects with RangeError for a target that is not in the plan.
 */
export const demand = async <Context>(
  plan: Plan<Context>,
  targets: readonly TaskId[],
  ask: (task: Task<Context>) => Promise<Answer>,
): Promise<ReadonlyMap<TaskId, Answer>> => {
  const unknown = targets.find((id) => !plan.tasks.has(id));
  if (unknown !== undefined) throw new RangeError(`no task is called ${unknown}`);
  const answers = new Map<TaskId, Answer>();
  const visits = new Map<TaskId, Promise<void>>();

  const visit = (id: TaskId): Promise<void> => {
    const known = visits.get(id);
    if (known) return known;
    const firstVisit = askTask(id);
    visits.set(id, firstVisit);
    return firstVisit;
  };
  const askTask = async (id: TaskId): Promise<void> => {
    const task = plan.tasks.get(id);
    if (task === undefined) return;
    const first = await ask(task);
    const answer: Answer = first.kind === 'present' && (await needsWork(task)) ? {kind: 'unknown'} : first;
    answers.set(id, answer);
    if (answer.kind !== 'present') await Promise.all(task.needs.map(visit));
  };

  /** Whether a live need of a live task must run, which makes the task's own answer stale. */
  const needsWork = async ({live, needs}: Task<Context>): Promise<boolean> => {
    const liveNeeds = live ? needs.filter((need) => plan.tasks.get(need)?.live) : [];
    await Promise.all(liveNeeds.map(visit));
    return liveNeeds.some((need) => answers.get(need)?.kind !== 'present');
  };

  await Promise.all(targets.map(visit));
  return answers;
};
