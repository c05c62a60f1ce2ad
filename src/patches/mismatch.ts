/** The place in a file that is most similar to what a hunk expects, and the first line that differs. */

export interface Mismatch {
  /** The most similar place, counted from 1. */
  readonly line: number;
  /** The number of the hunk's lines that match at this place, out of `of`. */
  readonly matching: number;
  readonly of: number;
  /** Undefined if all lines match, but the hunk cannot apply there, for example before an earlier hunk. */
  readonly differs?: {
    readonly line: number;
    readonly expected: string;
    /** Undefined past the end of the file. */
    readonly found: string | undefined;
  };
}

/** Undefined if no line matches. Of equally similar places it is the one closest to `guess`. */
export const closestTo = (
  expected: readonly string[],
  lines: readonly string[],
  guess: number,
): Mismatch | undefined => {
  const weights = expected.map(weightOf);
  let [best, most] = [0, 0];
  for (let line = 1; line <= lines.length; line += 1) {
    let score = 0;
    for (const [index, text] of expected.entries())
      if (lines[line - 1 + index] === text) score += weights[index] ?? 0;
    if (score > most || (score === most && Math.abs(line - guess) < Math.abs(best - guess)))
      [best, most] = [line, score];
  }
  return most < 1 ? undefined : mismatchAt(best, expected, lines);
};

/** Empty lines and braces are everywhere, so they hardly count. */
export const weightOf = (line: string): number => (line.trim().length > 3 ? 1 : 0.01);

const mismatchAt = (line: number, expected: readonly string[], lines: readonly string[]): Mismatch => {
  const found = expected.map((_, index) => lines[line - 1 + index]);
  const index = expected.findIndex((text, at) => found[at] !== text);
  return {
    line,
    matching: expected.filter((text, at) => found[at] === text).length,
    of: expected.length,
    ...(index !== -1 && {
      differs: {line: line + index, expected: readable(expected[index] ?? ''), found: readable(found[index])},
    }),
  };
};

/** Decodes latin1 text, whose characters are bytes, as UTF-8. */
function readable(text: string): string;
function readable(text: string | undefined): string | undefined;
function readable(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Buffer.from(text, 'latin1').toString();
}
