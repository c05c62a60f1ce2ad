/** Runs a plan towards its targets: what the world lacks, needs first, as much at a time as there are cores. */

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
  /** How many tasks run at the same time; default: the number of cores. */
  readonly concurrency?: number;
  /** Aborting cancels the running tasks, waits for them, and starts no more. */
  readonly signal: AbortSignal;
  /** Called with every event, in order; must not throw. */
  readonly emit: (event: RunEvent) => void;
  /** Where a task's log file goes. It is made when there is something to write. */
  readonly logs: (id: TaskId) => string;
}

export type RunResult =
  | {
      readonly ok: true;
      /** What was made, in the order in which it was finished; empty where everything was there. */
      readonly ran: readonly TaskId[];
    }
  | {
      readonly ok: false;
      /** What failed, was cancelled or was not started; causes come before their consequences. Never empty. */
      readonly failures: readonly TaskFailure[];
    };

/**
 * After the first failure nothing new starts; what runs may finish, since its result is kept for the next run.
 * Never rejects for what a task does; throws RangeError for a target that the plan does not have.
 */
export const runTasks = async <Context>(
  plan: Plan<Context>,
  options: RunTasksOptions<Context>,
): Promise<RunResult> => {
  try {
    return await runWith(await fingerprintsOf(plan, options.context), plan, options);
  } catch (error) {
    if (error instanceof InputsError) return notEvenPlanned(plan, error, options.emit);
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
    const made = attempt(task, {context, fingerprintOf, signal, emit, logPath: logs(task.id)});
    attempts.set(task, made);
    return made.ask();
  });

  const looked = [...plan.tasks.values()].filter(({id}) => answers.has(id));
  emit({kind: 'planned', tasks: looked.map(({id, title}) => ({id, title}))});

  const ran: TaskId[] = [];
  const failures: TaskFailure[] = [];
  const turns = slots(concurrency);
  const outcomes = new Map<TaskId, Promise<Outcome>>();

  const settle = async (task: Task<Context>, made: Attempt): Promise<Outcome> => {
    const needs = await Promise.all(task.needs.flatMap((need) => outcomes.get(need) ?? []));
    return turns.use(async () => {
      const obstacle = signal.aborted ? cancelled : obstacleIn(needs, failures);
      // A need that was not there at first may have brought this result too, or what can tell.
      const askAgain = needs.length > 0 || answers.get(task.id)?.kind === 'unknown';
      const outcome = obstacle ? made.fail(obstacle) : await made.run(askAgain);
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

  for (const {id} of looked) {
    const answer = answers.get(id);
    if (answer?.kind === 'present') report(id, {kind: 'skipped', reason: answer.reason});
  }
  // In the plan's order, so that the outcomes of a task's needs are there to be waited for.
  for (const task of looked) {
    const made = attempts.get(task);
    if (made && answers.get(task.id)?.kind !== 'present') outcomes.set(task.id, settle(task, made));
  }
  await Promise.all(outcomes.values());
  return failures.length === 0 ? {ok: true, ran} : {ok: false, failures};
};

const cancelled: Failure = {kind: 'cancelled'};

/** What keeps a task from starting: a need that failed, or else the run's first failure. */
const obstacleIn = (needs: readonly Outcome[], failures: readonly TaskFailure[]): Failure | undefined => {
  const failed = needs.flatMap((need) => (need.kind === 'failed' ? [need.failure] : []));
  const cause = failed[0] ?? failures[0];
  if (cause === undefined) return undefined;
  return cause.failure.kind === 'dependency' ? cause.failure : {kind: 'dependency', on: cause.task};
};

/** Without its inputs a task has no fingerprint, nor has any that needs it: nothing was asked, nothing ran. */
const notEvenPlanned = <Context>(
  plan: Plan<Context>,
  {task, cause}: InputsError,
  emit: (event: RunEvent) => void,
): RunResult => {
  const failure: TaskFailure = {task, failure: {kind: 'threw', error: cause}, lastLines: []};
  emit({kind: 'planned', tasks: [{id: task, title: plan.tasks.get(task)?.title ?? task}]});
  emit({kind: 'failed', ...failure});
  return {ok: false, failures: [failure]};
};
