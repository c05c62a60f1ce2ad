/** Groups tasks by stage: the part of the task's id before the slash. */

import type {PlannedTask} from '../graph/events.ts';

export interface Stage {
  readonly title: string;
  readonly tasks: readonly PlannedTask[];
}

/**
 * The stages in `first`, then those that only tasks name; tasks in their order. A stage without tasks has nothing to do: its
 * results exist, or nothing needs them.
 */
export const byStage = (tasks: readonly PlannedTask[], first: readonly string[] = []): readonly Stage[] => {
  const stages = new Map<string, PlannedTask[]>(first.map((title) => [title, []]));
  for (const task of tasks) {
    const [title = ''] = task.id.split('/');
    stages.set(title, [...(stages.get(title) ?? []), task]);
  }
  return [...stages].map(([title, members]) => ({title, tasks: members}));
};
