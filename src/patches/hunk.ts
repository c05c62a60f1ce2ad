/** One hunk of a unified diff. */

import type {StructuredPatchHunk} from 'diff';

export interface Hunk {
  /** `@@ -203,6 +203,10 @@` */
  readonly title: string;
  /** Where its lines begin, counted from 1; where there are none, the line before which it inserts. */
  readonly oldStart: number;
  readonly newStart: number;
  readonly lines: readonly HunkLine[];
  /** What it looks for: context and removed lines. */
  readonly old: readonly string[];
  /** What stands there afterwards. */
  readonly new: readonly string[];
  /** How many lines of context it begins and ends with. */
  readonly prefix: number;
  readonly suffix: number;
}

export interface HunkLine {
  readonly op: ' ' | '+' | '-';
  /** With its end, if it has one. */
  readonly text: string;
}

/** Throws Error for a hunk that changes nothing, as GNU patch does. */
export const hunkFrom = (parsed: StructuredPatchHunk): Hunk => {
  const lines = parsed.lines.flatMap((line, index): readonly HunkLine[] => {
    const op = line.charAt(0) || ' ';
    if (op !== ' ' && op !== '+' && op !== '-') return [];
    const end = parsed.lines[index + 1]?.startsWith('\\') ? '' : '\n';
    return [{op, text: `${line.slice(1)}${end}`}];
  });
  const title = titleOf(parsed);
  const prefix = lines.findIndex(({op}) => op !== ' ');
  if (prefix === -1) throw new Error(`the hunk ${title} changes nothing`);
  return {
    title,
    oldStart: parsed.oldStart,
    newStart: parsed.newStart,
    lines,
    old: lines.flatMap(({op, text}) => (op === '+' ? [] : [text])),
    new: lines.flatMap(({op, text}) => (op === '-' ? [] : [text])),
    prefix,
    suffix: lines.length - 1 - lines.findLastIndex(({op}) => op !== ' '),
  };
};

const titleOf = ({oldStart, oldLines, newStart, newLines}: StructuredPatchHunk): string =>
  `@@ -${rangeOf(oldStart, oldLines)} +${rangeOf(newStart, newLines)} @@`;

/** Where there are no lines, the line after which they would stand. */
const rangeOf = (start: number, count: number): string => `${count === 0 ? start - 1 : start},${count}`;

/** The hunk that undoes it. */
export const reversed = (hunk: Hunk): Hunk => ({
  ...hunk,
  oldStart: hunk.newStart,
  newStart: hunk.oldStart,
  old: hunk.new,
  new: hunk.old,
});

/** Lines with their ends; the last one may have none. */
export const linesOf = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
