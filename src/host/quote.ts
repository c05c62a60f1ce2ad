/** Commands as text for people: exact to paste into a POSIX shell, or in one line to read. */

import type {Command} from './host.ts';

const plain = /^[\w%+,./:=@-]+$/;
/** `A=b` as the first word would set a variable instead of naming a program. */
const plainFile = /^[\w%+,./:@-]+$/;

const quote = (word: string, unquoted: RegExp): string =>
  unquoted.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** Means the same command to every POSIX shell; a word that holds a line break holds it still. */
export const quoteCommand = ([file, args]: Command): string =>
  [quote(file, plainFile), ...args.map((word) => quote(word, plain))].join(' ');

/** The same to read, not to paste: one line without control characters, and no longer than `limit` characters. */
export const summarizeCommand = (command: Command, limit = 200): string => {
  const line = quoteCommand(command)
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll(/\p{Cc}/gu, '?');
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`;
};
