/** Text in columns. */

import {plainText} from './stream.ts';

/** Each column as wide as its widest cell, two blanks between; the last one is not filled up. */
export const columns = (rows: readonly (readonly string[])[]): readonly string[] => {
  const plain = rows.map((row) => row.map(oneLine));
  const widths = plain.reduce<readonly number[]>(
    (sofar, row) => row.map((cell, index) => Math.max(sofar[index] ?? 0, cell.length)),
    [],
  );
  return plain.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
};

/** What others wrote, without what would move the cursor or break a line. */
export const oneLine = (text: string): string => plainText(text).replaceAll(/\s*[\r\n]\s*/g, ' ');
