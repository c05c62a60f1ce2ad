/** Why a task did not succeed: a closed union, so that the compiler requires a message for each kind. */

import {messageOf} from '../thrown.ts';
import type {TaskId} from './task.ts';
import {unreachable} from './unreachable.ts';

export type Failure =
  /** `inputs`, `done` or `run` threw this error. */
  | {readonly kind: 'threw'; readonly error: unknown}
  /** Not started, because the task `on` failed. */
  | {readonly kind: 'dependency'; readonly on: TaskId}
  /** The run was cancelled before the task ended, or before it started. */
  | {readonly kind: 'cancelled'};

export interface TaskFailure {
  readonly task: TaskId;
  readonly failure: Failure;
  /** Path of the task's log file, if it wrote one. */
  readonly log?: string;
  /** The last lines of the task's output, at most 15. */
  readonly lastLines: readonly string[];
}

/** One line. */
export const describeFailure = (failure: Failure): string => {
  switch (failure.kind) {
    case 'threw':
      return messageOf(failure.error);
    case 'dependency':
      return `not started: ${failure.on} failed`;
    case 'cancelled':
      return 'cancelled';
    default:
      return unreachable(failure);
  }
};
