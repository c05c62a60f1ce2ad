/** Where views write. */

import {stripVTControlCharacters} from 'node:util';
import {Chalk, type ChalkInstance} from 'chalk';

export type OutputStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly hasColors?: () => boolean;
};

/** A stream that something can be drawn on, and drawn over. */
export type Terminal = NodeJS.WriteStream;

export const isTerminal = (stream: OutputStream): stream is Terminal =>
  // Some pseudo-terminals have no size: there is no room to draw.
  stream.isTTY === true && 'rows' in stream && stream.rows !== 0 && process.env['TERM'] !== 'dumb';

/** Colours where the terminal has them; Node.js looks at NO_COLOR, FORCE_COLOR and TERM for us. */
export const paletteOf = (stream: OutputStream): ChalkInstance =>
  new Chalk({level: stream.isTTY && stream.hasColors?.() ? 1 : 0});

const ignored = new WeakSet<OutputStream>();

/** Writes lines. Does not throw when the stream fails: `watchOutput` ends the command then. */
export const lineWriter = (stream: OutputStream): ((line: string) => void) => {
  if (!ignored.has(stream)) stream.on('error', () => undefined);
  ignored.add(stream);
  return (line) => {
    if (stream.writable) stream.write(`${line}\n`);
  };
};

/** A line of a tool's output without what would move the cursor or set colours. */
export const plainText = (line: string): string =>
  stripVTControlCharacters(line).replaceAll('\t', '  ').trimEnd();
