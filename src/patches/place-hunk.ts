/** Where a hunk belongs: the search of GNU patch 2.7 (`locate_hunk`), so that both agree on every hunk. */

import type {Hunk} from './hunk.ts';

export interface Ground {
  readonly lines: readonly string[];
  /** Where the hunk should be, by its own numbers and by where the hunks before it were found. Counted from 1. */
  readonly guess: number;
  /** How many lines from the top may not be touched any more: earlier hunks did. */
  readonly frozen: number;
}

/**
 * The line on which the hunk begins, counted from 1, as close to the guess as can be; undefined where there is none.
 * `fuzz` is how many lines of the longer context do not count. A hunk with less context at one end than at the other
 * must be at that end of the file.
 */
export const placeHunk = (hunk: Hunk, ground: Ground, fuzz: number): number | undefined => {
  const {lines, guess, frozen} = ground;
  const {old, oldStart, prefix, suffix} = hunk;
  if (old.length === 0) return guess > frozen ? Math.min(guess, lines.length + 1) : undefined;
  const context = Math.max(prefix, suffix);
  const [prefixFuzz, suffixFuzz] = [fuzz + prefix - context, fuzz + suffix - context];
  const skip = {before: Math.max(prefixFuzz, 0), after: Math.max(suffixFuzz, 0)};
  const fits = (line: number): boolean => matches(old, lines, {line, skip});
  const last = lines.length - (old.length - suffixFuzz) + 1;

  if (prefixFuzz < 0 && oldStart <= 1) {
    if (suffixFuzz < 0 && (old.length !== lines.length || prefix < frozen)) return undefined;
    return frozen <= prefix && last >= 1 && fits(1) ? 1 : undefined;
  }
  if (suffixFuzz < 0) {
    const line = lines.length - old.length + 1;
    return line > frozen && fits(line) ? line : undefined;
  }
  const [down, up] = [last - guess, guess - (frozen + 1)];
  for (let offset = Math.max(0, -down, -up); offset <= Math.max(down, up); offset += 1) {
    if (offset <= down && fits(guess + offset)) return guess + offset;
    if (offset <= up && fits(guess - offset)) return guess - offset;
  }
  return undefined;
};

interface Try {
  readonly line: number;
  readonly skip: {readonly before: number; readonly after: number};
}

const matches = (old: readonly string[], lines: readonly string[], {line, skip}: Try): boolean => {
  for (let index = skip.before; index < old.length - skip.after; index += 1)
    if (lines[line - 1 + index] !== old[index]) return false;
  return true;
};
