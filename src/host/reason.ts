/** Says in one line why something failed. For a command, the exit code alone explains nothing. */

import {inspect} from 'node:util';
import {messageOf} from '../thrown.ts';
import {CommandError} from './command-error.ts';

/** The last line that a failed command printed, or the message of another error. */
export const lastLineOf = (error: unknown): string =>
  error instanceof CommandError ? error.lastLine : messageOf(error);

/** The same, and the command with its exit code. */
export const reasonOf = (error: unknown): string => {
  if (error instanceof CommandError && error.output !== '') return `${error.lastLine} (${error.message})`;
  return error instanceof Error ? error.message : inspect(error);
};
