/** Reads whatever was thrown. */

import {inspect} from 'node:util';

/** `ENOENT` and the like; undefined for what is not a system error. */
export const errorCodeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** What a failed command printed last; empty where nothing did. */
export const outputOf = (error: unknown): readonly string[] =>
  error instanceof Error && 'output' in error && typeof error.output === 'string'
    ? error.output.split('\n').filter(Boolean)
    : [];

/** Its message, in one line. */
export const messageOf = (error: unknown): string => {
  const message =
    error instanceof Error ? error.message || error.name : typeof error === 'string' ? error : inspect(error);
  return message
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .join(' ');
};
