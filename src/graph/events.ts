/** What a run tells its listeners: the graph decides, the views listen. */

import type {TaskFailure} from './failure.ts';
import type {TaskId} from './task.ts';

export interface PlannedTask {
  readonly id: TaskId;
  readonly title: string;
}

export type RunEvent =
  /** First event: every task that was looked at, in the plan's order; each will end in skipped, done or failed. */
  | {readonly kind: 'planned'; readonly tasks: readonly PlannedTask[]}
  | {readonly kind: 'started'; readonly task: TaskId}
  | {readonly kind: 'output'; readonly task: TaskId; readonly line: string}
  /** The world holds the task's result already. */
  | {readonly kind: 'skipped'; readonly task: TaskId; readonly reason: string}
  | {readonly kind: 'done'; readonly task: TaskId; readonly ms: number}
  | ({readonly kind: 'failed'} & TaskFailure);
