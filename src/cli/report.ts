/** The only error boundary: turns an error into text on standard error and an exit code. */

import {inspect} from 'node:util';
import type {ErrorCode} from '../error-catalogue.ts';
import {UserError} from '../errors.ts';
import {type ExitCode, exitCodes} from '../exit-codes.ts';
import {type TaskFailure} from '../graph/failure.ts';
import {CommandError} from '../host/command-error.ts';
import {quoteCommand} from '../host/quote.ts';
import {errorCodeOf, messageOf} from '../thrown.ts';
import {lineWriter, paletteOf} from '../view/stream.ts';
import {runOutput} from './run-output.ts';
import type {World} from './world.ts';

/** A run failed, and a view has shown why. */
export class RunFailed extends Error {
  override readonly name = 'RunFailed';
  readonly failures: readonly TaskFailure[];

  constructor(failures: readonly TaskFailure[]) {
    super(`${failures.length} tasks failed`);
    this.failures = failures;
  }
}

/** The command has printed its result; only the exit code is missing. */
export class SilentExit extends Error {
  override readonly name = 'SilentExit';
  /** One of `exitCodes`, or that of a program that was run. */
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** The command was cancelled when it had changed something, so that running it again does not continue it. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
  /** Commands to run, one per line. */
  readonly tryThis: string;

  constructor(tryThis: string, options?: ErrorOptions) {
    super('cancelled', options);
    this.tryThis = tryThis;
  }
}

/** A program that was attached to the terminal has ended, perhaps by the signal that also reached this process. */
export class ProgramExit extends SilentExit {}

export interface ReportOptions {
  /** Also print the error as the last line of standard output. */
  readonly json?: boolean;
  /** Also print the stack trace of an expected error, with its causes. */
  readonly debug?: boolean;
}

export const report = (
  error: unknown,
  world: World,
  {json = false, debug = false}: ReportOptions = {},
): number => {
  if (error instanceof ProgramExit) return error.exitCode;
  const {stderr, signal} = world;
  // A command that ends with SilentExit has printed its result, whose format other programs read.
  if (json && !(error instanceof SilentExit))
    runOutput(world, true).record('error', errorFields(error, signal));
  if (debug) lineWriter(stderr)(inspect(error));
  const write = lineWriter(stderr);
  const paint = paletteOf(stderr);
  if (signal.aborted) {
    if (!(error instanceof Cancelled)) write('cancelled; run the same command again to continue');
    else {
      write('cancelled');
      writeAdvice(error.tryThis, write);
    }
    return exitCodes.cancelled;
  }
  if (error instanceof RunFailed) return codeOf(error.failures);
  if (error instanceof SilentExit) return error.exitCode;
  if (error instanceof UserError) {
    const [first = '', ...more] = error.why.split('\n');
    write(`${paint.red('error:')} ${error.what}: ${first}`);
    for (const line of more) write(`       ${line}`);
    if (error.log !== undefined) write(`log:   ${error.log}`);
    writeAdvice(error.tryThis, write);
    write(`more:  kni-demo explain ${error.errorCode}`);
    return error.exitCode;
  }
  if (error instanceof CommandError) {
    write(`${paint.red('error:')} ${error.message}`);
    for (const line of error.output.split('\n').filter(Boolean).slice(-15)) write(paint.dim(`  │ ${line}`));
    write(`try:   run it yourself: ${quoteCommand(error.command)}`);
    return exitCodes.failed;
  }
  write(`${paint.red('error:')} ${messageOf(error)}`);
  if (errorCodeOf(error) !== undefined) {
    write(`try:   ${hints[errorCodeOf(error) ?? ''] ?? 'fix the cause and run the same command again'}`);
    return exitCodes.failed;
  }
  // An unexpected error: a bug report needs the stack.
  if (error instanceof Error && error.stack !== undefined) write(paint.dim(error.stack));
  return exitCodes.failed;
};

const writeAdvice = (tryThis: string, write: (line: string) => void): void => {
  for (const [index, line] of tryThis.split('\n').entries())
    write(`${index === 0 ? 'try:   ' : '       '}${line}`);
};

/** The fields of an error in JSON. A task's own error is in the event of the task, so only its code is repeated. */
const errorFields = (error: unknown, signal: AbortSignal): object => {
  if (signal.aborted) {
    const advice = error instanceof Cancelled ? {tryThis: error.tryThis} : {};
    return {exitCode: exitCodes.cancelled, what: 'cancelled', ...advice};
  }
  if (error instanceof RunFailed) {
    const [cause] = error.failures.flatMap(({failure}) => (failure.kind === 'threw' ? [failure.error] : []));
    return {exitCode: codeOf(error.failures), code: errorCodeFor(cause), what: error.message};
  }
  if (error instanceof UserError) {
    const {errorCode: code, what, why, tryThis, exitCode, log} = error;
    return {exitCode, code, what, why, tryThis, log};
  }
  return {exitCode: exitCodes.failed, code: errorCodeFor(error), what: messageOf(error)};
};

const errorCodeFor = (error: unknown): ErrorCode => {
  if (error instanceof UserError) return error.errorCode;
  if (error instanceof CommandError) return 'KNI-E113';
  return errorCodeOf(error) === undefined ? 'KNI-E199' : 'KNI-E114';
};

/** Hints for errors of the file system. Node.js puts the path into their message. */
const hints: Readonly<Record<string, string>> = {
  EACCES:
    'run it as the owner of this path, or set XDG_CACHE_HOME and XDG_STATE_HOME to directories of your own',
  ENOSPC: 'free some disk space and run it again; finished parts are kept',
};

/** The first task that failed by itself decides. */
const codeOf = (failures: readonly TaskFailure[]): ExitCode => {
  for (const {failure} of failures) {
    if (failure.kind === 'threw')
      return failure.error instanceof UserError ? failure.error.exitCode : exitCodes.failed;
  }
  return exitCodes.cancelled;
};
