/** Expected problems, which the CLI prints without a stack trace. */

import type {ErrorCode} from './error-catalogue.ts';
import {type ExitCode, exitCodes} from './exit-codes.ts';

export interface UserErrorParts {
  /** What failed, a short phrase: `unknown stack bookwurm`. */
  readonly what: string;
  /** Why, a phrase, or one line for each problem: `known stacks: bookworm, upstream`. */
  readonly why: string;
  /** Advice: `choose one of them with --stack`, or commands to run, one per line. */
  readonly tryThis: string;
  /** Its first digit is the exit code. */
  readonly code: ErrorCode;
  /** Path of a file with a tool's output. */
  readonly log?: string;
}

/** `KNI-E402` → 4 */
export const exitCodeOf = (code: ErrorCode): ExitCode =>
  Object.values(exitCodes).find((each) => each === Number(code.at('KNI-E'.length))) ?? exitCodes.failed;

export class UserError extends Error {
  override readonly name = 'UserError';
  readonly what: string;
  readonly why: string;
  readonly tryThis: string;
  readonly errorCode: ErrorCode;
  readonly exitCode: ExitCode;
  readonly log: string | undefined;

  constructor({what, why, tryThis, code, log}: UserErrorParts, options?: ErrorOptions) {
    super(`${what}: ${why}`, options);
    this.what = what;
    this.why = why;
    this.tryThis = tryThis;
    this.errorCode = code;
    this.exitCode = exitCodeOf(code);
    this.log = log;
  }
}
