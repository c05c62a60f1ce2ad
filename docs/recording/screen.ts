/** Enough of a terminal to know what stands on its screen, and in which colours, after any output of kni-demo. */

export interface Cell {
  readonly char: string;
  /** Names of SGR attributes, such as `bold green`. */
  readonly style: string;
}

export type Line = readonly Cell[];

export interface Screen {
  write(text: string): void;
  /** The last `rows` lines. */
  lines(): readonly Line[];
}

const names: Readonly<Record<number, string>> = {
  1: 'bold',
  2: 'dim',
  30: 'black',
  31: 'red',
  32: 'green',
  33: 'yellow',
  34: 'blue',
  35: 'magenta',
  36: 'cyan',
  37: 'white',
  90: 'dim',
};
/** What ends an attribute. */
const ends: Readonly<Record<number, readonly string[]>> = {
  22: ['bold', 'dim'],
  39: ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white', 'dim'],
};

const escape = '\u001b';
const sequence = new RegExp(
  String.raw`${escape}\[(?<numbers>[?\d;]*)(?<letter>[A-Za-z])|${escape}.|(?<control>[\r\n\b\u0007])|(?<text>[^${escape}\r\n\b\u0007]+)`,
  'g',
);

export const createScreen = (columns: number, rows: number): Screen => {
  const lines: Cell[][] = [[]];
  const cursor = {row: 0, column: 0};
  let style: readonly string[] = [];
  const lineAt = (row: number): Cell[] => {
    while (lines.length <= row) lines.push([]);
    return lines[row] ?? [];
  };

  const print = (text: string): void => {
    for (const char of text) {
      if (cursor.column === columns) Object.assign(cursor, {row: cursor.row + 1, column: 0});
      const line = lineAt(cursor.row);
      while (line.length < cursor.column) line.push({char: ' ', style: ''});
      line[cursor.column] = {char, style: style.join(' ')};
      cursor.column += 1;
    }
  };

  const attributes = (numbers: string): void => {
    for (const number of numbers.split(';').map(Number)) {
      const name = names[number];
      if (number === 0) style = [];
      else if (name !== undefined) style = [...style, name];
      else style = style.filter((each) => !ends[number]?.includes(each));
    }
  };

  const erase = (numbers: string, letter: string): void => {
    const line = lineAt(cursor.row);
    if (letter === 'J') lines.splice(numbers === '2' ? 0 : cursor.row + 1);
    if (numbers === '2' && letter === 'K') line.length = 0;
    else line.length = Math.min(line.length, cursor.column);
  };

  const control = (numbers: string, letter: string): void => {
    const count = Number(numbers) || 1;
    if (letter === 'A') cursor.row = Math.max(0, cursor.row - count);
    else if (letter === 'B') cursor.row += count;
    else if (letter === 'C') cursor.column += count;
    else if (letter === 'H') Object.assign(cursor, {row: 0, column: 0});
    else if (letter === 'G') cursor.column = count - 1;
    else if (letter === 'm') attributes(numbers);
    else if (letter === 'K' || letter === 'J') erase(numbers, letter);
  };

  return {
    write(text) {
      for (const {groups = {}} of text.matchAll(sequence)) {
        if (groups['text'] !== undefined) print(groups['text']);
        else if (groups['control'] === '\r') cursor.column = 0;
        else if (groups['control'] === '\n') lineAt((cursor.row += 1));
        else if (groups['letter'] !== undefined) control(groups['numbers'] ?? '', groups['letter']);
      }
    },
    lines: () => lines.slice(-rows).map((line) => [...line]),
  };
};
