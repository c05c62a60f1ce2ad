/** The outcome of a requirement. */

import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import {DeadlineExceeded} from '../host/wait-until.ts';
import {CallFailed, deadlines, type Exchange, methodKeys} from './kni-client.ts';
import {NotApplicable, Violation} from './violation.ts';

export type Outcome =
  | {readonly kind: 'passed'}
  | {readonly kind: 'failed'; readonly failure: Failure}
  /** The runtime or this machine lacks the feature that the requirement checks. */
  | {readonly kind: 'skipped'; readonly reason: string};

export interface Failure {
  /** A sentence in lower case without a full stop. */
  readonly expected: string;
  readonly observed: string;
  /** The last calls before the failure, the latest last. */
  readonly exchanges: readonly Exchange[];
}

export interface Result {
  readonly id: string;
  readonly outcome: Outcome;
  /** Milliseconds. */
  readonly took: number;
}

/** Throws the error again if it does not come from the runtime under test. */
export const outcomeOfError = (error: unknown, exchanges: readonly Exchange[]): Outcome => {
  if (error instanceof NotApplicable) return {kind: 'skipped', reason: error.message};
  return {kind: 'failed', failure: {...explain(error), exchanges: exchanges.slice(-3)}};
};

const explain = (error: unknown): Omit<Failure, 'exchanges'> => {
  if (error instanceof Violation) return {expected: error.expected, observed: error.observed};
  if (error instanceof CallFailed)
    return error.isLate
      ? {
          expected: `an answer to ${error.method} within ${deadlineOf(error.method)}`,
          observed: 'no answer',
        }
      : {expected: `${error.method} to succeed`, observed: textOf(error)};
  if (error instanceof UserError) return {expected: 'the runtime to start', observed: error.why};
  // A program on the node, such as one that was to enter the netns.
  if (error instanceof CommandError)
    return {
      expected: 'this command to succeed on the node',
      observed: `${error.lastLine} (${error.message})`,
    };
  if (error instanceof DeadlineExceeded) return {expected: error.what, observed: error.message};
  throw error;
};

const textOf = ({status, details}: CallFailed): string => `${status}${details && `: ${details}`}`;

const deadlineOf = (method: string): string => {
  const key = methodKeys.find((each) => each.toLowerCase() === method.toLowerCase());
  return key === undefined ? 'its deadline' : `${deadlines[key] / 1000} s`;
};
