/** One attempt at a task: checks whether it is done, and runs it. Neither call ever rejects. */

import {UserError} from '../errors.ts';
import {messageOf, outputOf} from '../thrown.ts';
import type {Answer} from './demand.ts';
import type {RunEvent} from './events.ts';
import {describeFailure, type Failure, type TaskFailure} from './failure.ts';
import {areInputsSame, type FingerprintOf} from './fingerprint.ts';
import type {Task, TaskRun} from './task.ts';
import {taskLog} from './task-log.ts';

export type Outcome =
  | {readonly kind: 'ran'; readonly ms: number}
  | {readonly kind: 'skipped'; readonly reason: string}
  | {readonly kind: 'failed'; readonly failure: TaskFailure};

export interface Attempt {
  /** Calls `done`, whose output goes to the log file only. */
  readonly ask: () => Promise<Answer>;
  /** Runs the task. With `askAgain`, calls `done` first, and skips the task if its result is present. */
  readonly run: (askAgain: boolean) => Promise<Outcome>;
  readonly fail: (failure: Failure) => Outcome;
}

export interface AttemptOptions<Context> {
  readonly context: Context;
  readonly fingerprintOf: FingerprintOf;
  readonly signal: AbortSignal;
  readonly emit: (event: RunEvent) => void;
  readonly logPath: string;
}

export const attempt = <Context>(task: Task<Context>, options: AttemptOptions<Context>): Attempt => {
  const {context, fingerprintOf, signal, emit} = options;
  const log = taskLog(options.logPath, task.title);
  const running: TaskRun = {
    fingerprint: fingerprintOf(task.id),
    fingerprintOf(id) {
      if (task.needs.includes(id)) return fingerprintOf(id);
      throw new Error(`${task.id} asks for the fingerprint of ${id}, which is not in its needs`);
    },
    signal,
    log(line) {
      log.add(line);
      emit({kind: 'output', task: task.id, line});
    },
  };
  const quiet: TaskRun = {...running, log: (line) => log.add(line)};

  const fail = (failure: Failure): Outcome => {
    const lastLines = log.lastLines();
    if (failure.kind === 'threw') log.add(traceOf(failure.error));
    else if (log.path() !== undefined) log.add(describeFailure(failure));
    const path = log.path();
    return {
      kind: 'failed',
      failure: {task: task.id, failure, lastLines, ...(path !== undefined && {log: path})},
    };
  };
  const failBy = (error: unknown): Outcome =>
    fail(signal.aborted ? {kind: 'cancelled'} : {kind: 'threw', error});

  const ask = async (): Promise<Answer> => {
    try {
      const reason = await task.done?.(context, quiet);
      return reason === undefined ? {kind: 'missing'} : {kind: 'present', reason};
    } catch (error) {
      log.add(`cannot check yet whether the task is done: ${messageOf(error)}`);
      for (const line of outputOf(error)) log.add(line);
      return {kind: 'unknown'};
    }
  };

  return {
    fail,
    ask,
    async run(askAgain) {
      try {
        const answer: Answer = askAgain ? await ask() : {kind: 'missing'};
        if (answer.kind === 'present') return {kind: 'skipped', reason: answer.reason};
        signal.throwIfAborted();
        emit({kind: 'started', task: task.id});
        const start = performance.now();
        // The result would get the name of the files that were there when the run began.
        if (!(await areInputsSame(task, context, fingerprintOf))) throw inputsChanged(task.title);
        await task.run(context, running);
        return {kind: 'ran', ms: performance.now() - start};
      } catch (error) {
        return failBy(error);
      }
    },
  };
};

const inputsChanged = (title: string): UserError =>
  new UserError({
    code: 'KNI-E110',
    what: 'files changed during the run',
    why: `the inputs of "${title}" differ from those at the start of the run`,
    tryThis: 'run the same command again; finished tasks are kept',
  });

/** The log file gets the stack trace; users see one line. */
const traceOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
