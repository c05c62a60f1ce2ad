/** Formats commands for people: exactly, to paste into a POSIX shell, or in one line, to read. */

import type {Command} from './host.ts';

const plain = /^[\w%+,./:=@-]+$/;
/** As the first word, `A=b` would set a variable instead of naming a program. */
const plainFile = /^[\w%+,./:@-]+$/;

const quote = (word: string, unquoted: RegExp): string =>
  unquoted.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** Any POSIX shell reads it as the same command. Line breaks in a word are kept. */
export const quoteCommand = ([file, args]: Command): string =>
  [quote(file, plainFile), ...args.map((word) => quote(word, plain))].join(' ');

/** For reading, not for pasting: one line without control characters, cut to `limit` characters. */
export const summarizeCommand = (command: Command, limit = 200): string => {
  const line = quoteCommand(command)
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll(/\p{Cc}/gu, '?');
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`;
};
