/** Groups tasks by stage: the part of the task's id before the slash. */

import type {PlannedTask} from '../graph/events.ts';

export interface Stage {
  readonly title: string;
  readonly tasks: readonly PlannedTask[];
}

/** Stages and their tasks, each in the order of first appearance. */
export const byStage = (tasks: readonly PlannedTask[]): readonly Stage[] => {
  const stages = new Map<string, PlannedTask[]>();
  for (const task of tasks) {
    const [title = ''] = task.id.split('/');
    stages.set(title, [...(stages.get(title) ?? []), task]);
  }
  return [...stages].map(([title, members]) => ({title, tasks: members}));
};
