/** Breaks lines at blanks. */

/** A word longer than `most` gets its own line. */
export const wrap = (text: string, most: number): readonly string[] => {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > most) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
};

/** Wraps the notes of a command's help, which commander does not wrap. A description continues in its own column. */
export const wrapHelp = (text: string, width: number): string =>
  text
    .split('\n')
    .flatMap((line) => (line.length > width ? wrapLine(line, width) : line))
    .join('\n');

const wrapLine = (line: string, width: number): readonly string[] => {
  const [start = ''] = /^ *(?:\S+(?: \S+)* {2,})?/.exec(line) ?? [];
  return wrap(line.slice(start.length), width - start.length).map((part, index) =>
    index === 0 ? start + part : ' '.repeat(start.length) + part,
  );
};
