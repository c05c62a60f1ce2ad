/** Formats tables. */

import {plainText} from './stream.ts';

/** Pads each column to its widest cell, with two blanks between columns. The last column is not padded. */
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

/** Foreign text in one line, without control sequences. */
export const oneLine = (text: string): string => plainText(text).replaceAll(/\s*[\r\n]\s*/g, ' ');
