/** One hunk of a unified diff. Lines include their line ends, if they have one. */

export interface Hunk {
  /** `@@ -203,6 +203,10 @@` */
  readonly title: string;
  /** The hunk as the patch file has it, with its first line. */
  readonly text: string;
  /** Where its lines begin, counted from 1; for a hunk without old lines, the line before which it inserts. */
  readonly oldStart: number;
  readonly newStart: number;
  /** Context and removed lines. */
  readonly old: readonly string[];
  /** Context and added lines. */
  readonly new: readonly string[];
  readonly removed: readonly string[];
}

interface Ranges {
  readonly oldStart: number;
  readonly oldLines: number;
  readonly newStart: number;
  readonly newLines: number;
}

/** Undefined for a line that does not begin a hunk. */
export const rangesOf = (line: string): Ranges | undefined => {
  const found = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
  if (found === null) return undefined;
  const [, oldStart, oldLines = 1, newStart, newLines = 1] = found.map((each) => each && Number(each));
  return {
    oldStart: Number(oldStart),
    oldLines: Number(oldLines),
    newStart: Number(newStart),
    newLines: Number(newLines),
  };
};

/** Reads the hunk whose first line is `lines[start]`. Throws Error for an incomplete hunk or one without changes. */
export const readHunk = (lines: readonly string[], start: number, ranges: Ranges): Hunk => {
  const {oldStart, oldLines, newStart, newLines} = ranges;
  const title = `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`;
  const [old, added, removed]: [string[], string[], string[]] = [[], [], []];
  let changes = 0;
  let next = start + 1;
  while (old.length < oldLines || added.length < newLines) {
    const line = lines[next];
    const op = line === '\n' ? ' ' : line?.charAt(0);
    if (line === undefined || !(op === ' ' || op === '+' || op === '-'))
      throw new Error(`the hunk at line ${start + 1} is malformed`);
    next += 1;
    const isUnterminated = lines[next]?.startsWith('\\') ?? false;
    if (isUnterminated) next += 1;
    const body = line === '\n' ? line : line.slice(1);
    const text = isUnterminated ? body.replace(/\n$/, '') : body;
    if (op !== '+') old.push(text);
    if (op !== '-') added.push(text);
    if (op === '-') removed.push(text);
    if (op !== ' ') changes += 1;
  }
  if (old.length > oldLines || added.length > newLines)
    throw new Error(`the hunk at line ${start + 1} is longer than its first line says`);
  if (changes === 0) throw new Error(`the hunk ${title} changes nothing`);
  return {
    title,
    text: lines.slice(start, next).join(''),
    oldStart: oldLines === 0 ? oldStart + 1 : oldStart,
    newStart: newLines === 0 ? newStart + 1 : newStart,
    old,
    new: added,
    removed,
  };
};

export const linesOf = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** The number of the first line, from 1, at which all of `wanted` follows. Skips the line `except`. */
export const findLines = (
  wanted: readonly string[],
  lines: readonly string[],
  except?: number,
): number | undefined => {
  const index = lines.findIndex(
    (_, start) => start + 1 !== except && wanted.every((line, at) => lines[start + at] === line),
  );
  return index === -1 ? undefined : index + 1;
};
