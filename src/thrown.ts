/** Reads facts from any thrown value. */

import {inspect} from 'node:util';

/** `ENOENT`, for example. Undefined when it is not a system error. */
export const errorCodeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** The last lines of a failed command's output; empty for other errors. */
export const outputOf = (error: unknown): readonly string[] =>
  error instanceof Error && 'output' in error && typeof error.output === 'string'
    ? error.output.split('\n').filter(Boolean)
    : [];

/** The message in one line. */
export const messageOf = (error: unknown): string => {
  const message =
    error instanceof Error ? error.message || error.name : typeof error === 'string' ? error : inspect(error);
  return message
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .join(' ');
};
