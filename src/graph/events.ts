/** The events of a run: the graph emits them, and the views display them. */

import type {TaskFailure} from './failure.ts';
import type {TaskId} from './task.ts';

export interface PlannedTask {
  readonly id: TaskId;
  readonly title: string;
}

export type RunEvent =
  /** First event: every task of the run, in the plan's order. Each task ends as skipped, done or failed. */
  | {readonly kind: 'planned'; readonly tasks: readonly PlannedTask[]}
  | {readonly kind: 'started'; readonly task: TaskId}
  | {readonly kind: 'output'; readonly task: TaskId; readonly line: string}
  /** The task's result exists already. */
  | {readonly kind: 'skipped'; readonly task: TaskId; readonly reason: string}
  | {readonly kind: 'done'; readonly task: TaskId; readonly ms: number}
  | ({readonly kind: 'failed'} & TaskFailure);
