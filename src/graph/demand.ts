/** Which tasks a run is about: from the targets backwards, asking the world what is there already. */

import type {Plan} from './plan.ts';
import type {Task, TaskId} from './task.ts';

/** What the world says of a task's result. */
export type Answer =
  | {readonly kind: 'present'; readonly reason: string}
  | {readonly kind: 'missing'}
  /**
   * `done` threw: perhaps the tool it asks is what one of the needs brings. Or the task is live, and a live need of it
   * has to be made. To be asked again.
   */
  | {readonly kind: 'unknown'};

/**
 * Answers by id, for every task that was looked at. The needs of a task that is there are not looked
 * at for its sake, except the live needs of a live task. Each task is asked once, independent ones at the same time.
 * Throws RangeError for a target that the plan does not have.
 */
export const demand = async <Context>(
  plan: Plan<Context>,
  targets: readonly TaskId[],
  ask: (task: Task<Context>) => Promise<Answer>,
): Promise<ReadonlyMap<TaskId, Answer>> => {
  const unknown = targets.find((id) => !plan.tasks.has(id));
  if (unknown !== undefined) throw new RangeError(`no task is called ${unknown}`);
  const answers = new Map<TaskId, Answer>();
  const looks = new Map<TaskId, Promise<void>>();

  const look = (id: TaskId): Promise<void> => {
    const known = looks.get(id);
    if (known) return known;
    const looking = lookAt(id);
    looks.set(id, looking);
    return looking;
  };
  const lookAt = async (id: TaskId): Promise<void> => {
    const task = plan.tasks.get(id);
    if (task === undefined) return;
    const first = await ask(task);
    const answer: Answer = first.kind === 'present' && (await needsWork(task)) ? {kind: 'unknown'} : first;
    answers.set(id, answer);
    if (answer.kind !== 'present') await Promise.all(task.needs.map(look));
  };

  /** Whether a live need of a live task has to be made, so that the task's own answer is stale by then. */
  const needsWork = async ({live, needs}: Task<Context>): Promise<boolean> => {
    const liveNeeds = live ? needs.filter((need) => plan.tasks.get(need)?.live) : [];
    await Promise.all(liveNeeds.map(look));
    return liveNeeds.some((need) => answers.get(need)?.kind !== 'present');
  };

  await Promise.all(targets.map(look));
  return answers;
};
