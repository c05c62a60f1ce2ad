/** Streams that remember: a plain one, and a terminal whose screen can be read. */

import {Writable} from 'node:stream';

export interface Captured extends Writable {
  /** All that was written. */
  text(): string;
}

export const capture = (): Captured => {
  const chunks: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  return Object.assign(stream, {text: () => chunks.join('')});
};

/** As views see it: `isTTY`, a size, and whether it has colours. */
export const terminal = ({
  colors = false,
  rows = 40,
  columns = 80,
}: {
  colors?: boolean;
  rows?: number;
  columns?: number;
} = {}) => Object.assign(capture(), {isTTY: true, columns, rows, hasColors: () => colors});

const escape = '\u001b';
const sequence = new RegExp(
  String.raw`${escape}\[(?<numbers>[?\d;]*)(?<letter>[A-Za-z])|(?<end>\r?\n)|(?<text>[^${escape}\n\r]+)`,
  'g',
);

/** The screen after all of `written`. Knows only the control sequences that our views use. */
export const screenOf = (written: string): readonly string[] => {
  const lines = [''];
  let [row, column] = [0, 0];
  for (const {groups = {}} of written.matchAll(sequence)) {
    const line = lines[row] ?? '';
    if (groups['text'] !== undefined) {
      lines[row] =
        line.slice(0, column).padEnd(column) + groups['text'] + line.slice(column + groups['text'].length);
      column += groups['text'].length;
    } else if (groups['end'] !== undefined) {
      row += 1;
      column = 0;
      if (row === lines.length) lines.push('');
    } else if (groups['letter'] === 'A') row = Math.max(0, row - Number(groups['numbers'] || 1));
    else if (groups['letter'] === 'K') lines[row] = '';
    else if (groups['letter'] === 'G') column = 0;
  }
  while (lines.at(-1)?.trim() === '') lines.pop();
  return lines.map((line) => line.trimEnd());
};
