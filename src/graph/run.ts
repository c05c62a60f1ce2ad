/** Runs the tasks whose results the targets need and which do not exist: needs first, several tasks at a time. */

import {availableParallelism} from 'node:os';
import {type Attempt, attempt, type Outcome} from './attempt.ts';
import {demand} from './demand.ts';
import type {RunEvent} from './events.ts';
import type {Failure, TaskFailure} from './failure.ts';
import {type FingerprintOf, fingerprintsOf, InputsError} from './fingerprint.ts';
import type {Plan} from './plan.ts';
import {slots} from './slots.ts';
import type {Task, TaskId} from './task.ts';
import {unreachable} from './unreachable.ts';

export interface RunTasksOptions<Context> {
  readonly context: Context;
  /** The tasks whose results are wanted. */
  readonly targets: readonly TaskId[];
  /** The fingerprints of the plan, if the caller has computed them. */
  readonly fingerprintOf?: FingerprintOf | undefined;
  /** How many tasks run at the same time; default: the number of cores. */
  readonly concurrency?: number;
  /** Aborting cancels the running tasks, waits for them, and starts no more. */
  readonly signal: AbortSignal;
  /** Called with every event, in order; must not throw. */
  readonly emit: (event: RunEvent) => void;
  /** The path of a task's log file. The file is created with its first line. */
  readonly logs: (id: TaskId) => string;
}

export type RunResult =
  | {
      readonly ok: true;
      /** The tasks that ran, in the order in which they finished; empty if all results existed. */
      readonly ran: readonly TaskId[];
    }
  | {
      readonly ok: false;
      /** The tasks that failed, were cancelled or were not started: causes before consequences. Never empty. */
      readonly failures: readonly TaskFailure[];
    };

/**
 * Of the tasks that could start, the first in the plan starts first.
 * After the first failure no further task starts. Running tasks may finish, since the next run can use their results.
 * Does not reject if a task fails. Rejects with RangeError for a target that is not in the plan.
 */
export const runTasks = async <Context>(
  plan: Plan<Context>,
  options: RunTasksOptions<Context>,
): Promise<RunResult> => {
  try {
    const fingerprintOf = options.fingerprintOf ?? (await fingerprintsOf(plan, options.context));
    return await runWith(fingerprintOf, plan, options);
  } catch (error) {
    if (error instanceof InputsError) return failBeforeStart(plan, error, options.emit);
    throw error;
  }
};

const runWith = async <Context>(
  fingerprintOf: FingerprintOf,
  plan: Plan<Context>,
  {context, targets, concurrency = availableParallelism(), signal, emit, logs}: RunTasksOptions<Context>,
): Promise<RunResult> => {
  const attempts = new Map<Task<Context>, Attempt>();
  const answers = await demand(plan, targets, (task) => {
    const newAttempt = attempt(task, {context, fingerprintOf, signal, emit, logPath: logs(task.id)});
    attempts.set(task, newAttempt);
    return newAttempt.ask();
  });

  const tasks = [...plan.tasks.values()].filter(({id}) => answers.has(id));
  emit({kind: 'planned', tasks: tasks.map(({id, title}) => ({id, title}))});

  const ran: TaskId[] = [];
  const failures: TaskFailure[] = [];
  const free = slots(concurrency);
  const places = new Map([...plan.tasks.keys()].map((id, index) => [id, index]));
  const outcomes = new Map<TaskId, Promise<Outcome>>();

  const settle = async (task: Task<Context>, {fail, run}: Attempt): Promise<Outcome> => {
    const needs = await Promise.all(task.needs.flatMap((need) => outcomes.get(need) ?? []));
    return free.use(places.get(task.id) ?? 0, async () => {
      const obstacle = signal.aborted ? cancelled : obstacleIn(needs, failures);
      // A need that ran may also have made this result, or have installed the tool that `done` calls.
      const askAgain = needs.length > 0 || answers.get(task.id)?.kind === 'unknown';
      const outcome = obstacle ? fail(obstacle) : await run(askAgain);
      report(task.id, outcome);
      return outcome;
    });
  };
  const report = (id: TaskId, outcome: Outcome): void => {
    switch (outcome.kind) {
      case 'ran':
        ran.push(id);
        return emit({kind: 'done', task: id, ms: outcome.ms});
      case 'skipped':
        return emit({kind: 'skipped', task: id, reason: outcome.reason});
      case 'failed':
        failures.push(outcome.failure);
        return emit({kind: 'failed', ...outcome.failure});
      default:
        return unreachable(outcome);
    }
  };

  for (const {id} of tasks) {
    const answer = answers.get(id);
    if (answer?.kind === 'present') report(id, {kind: 'skipped', reason: answer.reason});
  }
  // In the plan's order, because `settle` waits for the outcomes of the needs, which must be in the map.
  for (const task of tasks) {
    const ownAttempt = attempts.get(task);
    if (ownAttempt && answers.get(task.id)?.kind !== 'present')
      outcomes.set(task.id, settle(task, ownAttempt));
  }
  await Promise.all(outcomes.values());
  return failures.length === 0 ? {ok: true, ran} : {ok: false, failures};
};

const cancelled: Failure = {kind: 'cancelled'};

/** Why a task must not start: the failure of a need, or else the run's first failure. */
const obstacleIn = (needs: readonly Outcome[], failures: readonly TaskFailure[]): Failure | undefined => {
  const failed = needs.flatMap((need) => (need.kind === 'failed' ? [need.failure] : []));
  const cause = failed[0] ?? failures[0];
  if (cause === undefined) return undefined;
  return cause.failure.kind === 'dependency' ? cause.failure : {kind: 'dependency', on: cause.task};
};

/** Without its inputs a task has no fingerprint, so the run ends before it asks or runs any task. */
const failBeforeStart = <Context>(
  plan: Plan<Context>,
  {task, cause}: InputsError,
  emit: (event: RunEvent) => void,
): RunResult => {
  const failure: TaskFailure = {task, failure: {kind: 'threw', error: cause}, lastLines: []};
  emit({kind: 'planned', tasks: [{id: task, title: plan.tasks.get(task)?.title ?? task}]});
  emit({kind: 'failed', ...failure});
  return {ok: false, failures: [failure]};
};
