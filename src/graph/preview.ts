/** Predicts what a run would do, without running a task, writing a log or changing anything. */

import {messageOf} from '../thrown.ts';
import {type Answer, demand} from './demand.ts';
import {fingerprintsOf} from './fingerprint.ts';
import type {Plan} from './plan.ts';
import type {Task, TaskId} from './task.ts';
import {unreachable} from './unreachable.ts';

export type Prediction =
  /** The result exists. */
  | {readonly state: 'done'; readonly reason: string}
  | {readonly state: 'would-run'; readonly reason: string}
  /** `done` threw, or the answer depends on a task that would run first. */
  | {readonly state: 'unknown'; readonly reason: string}
  /** No task that would run needs it. */
  | {readonly state: 'not-needed'; readonly reason: string};

/**
 * Returns a prediction for every task of the plan. Rejects with InputsError if a task's inputs cannot be read, and with
 * RangeError for a target that is not in the plan.
 */
export const preview = async <Context>(
  plan: Plan<Context>,
  targets: readonly TaskId[],
  {context, signal}: {readonly context: Context; readonly signal: AbortSignal},
): Promise<ReadonlyMap<TaskId, Prediction>> => {
  const fingerprintOf = await fingerprintsOf(plan, context);
  const whyUnknown = new Map<TaskId, string>();
  const ask = async (task: Task<Context>): Promise<Answer> => {
    const running = {fingerprint: fingerprintOf(task.id), fingerprintOf, signal, log: () => undefined};
    try {
      const reason = await task.done?.(context, running);
      return reason === undefined ? {kind: 'missing'} : {kind: 'present', reason};
    } catch (error) {
      signal.throwIfAborted();
      whyUnknown.set(task.id, messageOf(error));
      return {kind: 'unknown'};
    }
  };
  const answers = await demand(plan, targets, ask);
  const tasks = [...plan.tasks.values()];
  const predict = (task: Task<Context>): Prediction => {
    const {id, needs} = task;
    const answer = answers.get(id);
    if (answer === undefined) return {state: 'not-needed', reason: 'no task that would run needs it'};
    switch (answer.kind) {
      case 'present':
        return {state: 'done', reason: answer.reason};
      case 'missing':
        return {state: 'would-run', reason: task.done === undefined ? 'always runs' : 'no result yet'};
      case 'unknown': {
        const first = needs.find(
          (need) => plan.tasks.get(need)?.live && answers.get(need)?.kind !== 'present',
        );
        return {
          state: 'unknown',
          reason: first === undefined ? (whyUnknown.get(id) ?? 'not knowable') : `depends on ${first}`,
        };
      }
      default:
        return unreachable(answer);
    }
  };
  return new Map(tasks.map((task) => [task.id, predict(task)]));
};
