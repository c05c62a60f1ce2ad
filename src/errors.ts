/** Expected problems, which the CLI prints without a stack trace. */

import {type ExitCode, exitCodes} from './exit-codes.ts';

export interface UserErrorParts {
  /** What failed, a short phrase: `unknown stack bookwurm`. */
  readonly what: string;
  /** Why, a phrase, or one line for each problem: `known stacks: bookworm, upstream`. */
  readonly why: string;
  /** Advice: `choose one of them with --stack`, or commands to run, one per line. */
  readonly tryThis: string;
  /** Default: `exitCodes.failed`. */
  readonly exitCode?: ExitCode;
  /** Path of a file with a tool's output. */
  readonly log?: string;
}

export class UserError extends Error {
  override readonly name = 'UserError';
  readonly what: string;
  readonly why: string;
  readonly tryThis: string;
  readonly exitCode: ExitCode;
  readonly log: string | undefined;

  constructor(
    {what, why, tryThis, exitCode = exitCodes.failed, log}: UserErrorParts,
    options?: ErrorOptions,
  ) {
    super(`${what}: ${why}`, options);
    this.what = what;
    this.why = why;
    this.tryThis = tryThis;
    this.exitCode = exitCode;
    this.log = log;
  }
}
