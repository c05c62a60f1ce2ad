/** Output streams and their abilities. */

import {stripVTControlCharacters} from 'node:util';
import {Chalk, type ChalkInstance} from 'chalk';

export type OutputStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly hasColors?: () => boolean;
};

/** A stream that can be drawn on, and drawn over. */
export type Terminal = NodeJS.WriteStream;

export const isTerminal = (stream: OutputStream): stream is Terminal =>
  // Some pseudo-terminals have size 0, so nothing can be drawn.
  stream.isTTY === true && 'rows' in stream && stream.rows !== 0 && process.env['TERM'] !== 'dumb';

/** Colours if the terminal has them. Node.js respects NO_COLOR, FORCE_COLOR and TERM. FORCE_COLOR also works in a pipe. */
export const paletteOf = (stream: OutputStream): ChalkInstance =>
  new Chalk({level: (stream.isTTY ? stream.hasColors?.() : isForced(process.env['FORCE_COLOR'])) ? 1 : 0});

/** As `tty.WriteStream.getColorDepth` reads it: https://nodejs.org/api/tty.html. */
const isForced = (value: string | undefined): boolean =>
  value !== undefined && ['', '1', 'true', '2', '3'].includes(value);

const ignored = new WeakSet<OutputStream>();

/** Writes lines. Does not throw when the stream fails, because `watchOutput` then ends the command. */
export const lineWriter = (stream: OutputStream): ((line: string) => void) => {
  if (!ignored.has(stream)) stream.on('error', () => undefined);
  ignored.add(stream);
  return (line) => {
    if (stream.writable) stream.write(`${line}\n`);
  };
};

/** Removes control sequences, which move the cursor or set colours, from a line of a tool's output. */
export const plainText = (line: string): string =>
  stripVTControlCharacters(line).replaceAll('\t', '  ').trimEnd();
