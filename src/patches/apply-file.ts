/** Applies one file's part of a patch, hunk by hunk, as `patch --forward` does; what fails does not stop the rest. */

import {type Hunk, linesOf, reversed} from './hunk.ts';
import {closestTo, type Mismatch} from './mismatch.ts';
import type {FilePatch} from './patch-file.ts';
import {placeHunk} from './place-hunk.ts';

export type HunkResult =
  /** At `line` of the file as it was before the patch, `offset` lines after the one that the hunk names. */
  | {readonly is: 'applied'; readonly line: number; readonly offset: number; readonly fuzz: number}
  | {readonly is: 'failed'; readonly mismatch?: Mismatch};

/** Why a file's part fails as a whole. */
export type FileProblem =
  | 'there is no such file'
  | 'it is no regular file'
  | 'it exists already'
  | 'the change is there already'
  | 'what its first hunk removes is not there'
  | 'something is left of the file that it deletes';

export interface FileResult {
  readonly path: string;
  readonly problem?: FileProblem;
  readonly hunks: readonly {readonly title: string; readonly result: HunkResult}[];
}

/** A file's text; undefined where there is none, null where it is something else than a file. */
export type Content = string | undefined | null;

/** What has come of a file, and what its next hunk has to know. */
export interface Progress {
  readonly lines: readonly string[];
  readonly frozen: number;
  /** How far the last hunk was from where it should have been, and how many lines were added before it. */
  readonly moved: number;
  readonly grown: number;
}

export const untouched = (text: string): Progress => ({
  lines: linesOf(text),
  frozen: 0,
  moved: 0,
  grown: 0,
});

export const textOf = ({lines}: Progress): string => lines.join('');

/** With as little fuzz as possible, and no more than `maxFuzz` lines. */
export const applyHunk = (
  hunk: Hunk,
  progress: Progress,
  maxFuzz: number,
): {readonly result: HunkResult; readonly progress: Progress} => {
  const ground = {...progress, guess: guessOf(hunk, progress)};
  for (let fuzz = 0; fuzz <= Math.min(maxFuzz, Math.max(hunk.prefix, hunk.suffix)); fuzz += 1) {
    const at = placeHunk(hunk, ground, fuzz);
    if (at === undefined) continue;
    const line = at - progress.grown;
    // An insertion without context goes by its number, even past the end.
    const offset = hunk.old.length === 0 ? progress.moved : line - hunk.oldStart;
    return {
      result: {is: 'applied', line, offset, fuzz},
      progress: {
        lines: replaced(progress.lines, hunk, at),
        frozen: at - 1 + hunk.new.length - hunk.suffix,
        moved: offset,
        grown: progress.grown + hunk.new.length - hunk.old.length,
      },
    };
  }
  return {result: {is: 'failed', ...closest(hunk, progress)}, progress};
};

const guessOf = (hunk: Hunk, {moved, grown}: Progress): number => hunk.oldStart + moved + grown;

const closest = (hunk: Hunk, progress: Progress): {readonly mismatch?: Mismatch} => {
  const mismatch = closestTo(hunk.old, progress.lines, guessOf(hunk, progress));
  return mismatch === undefined ? {} : {mismatch};
};

/** Context stays as the file has it: with fuzz it is not what the hunk says. */
const replaced = (lines: readonly string[], hunk: Hunk, at: number): readonly string[] => {
  const out = lines.slice(0, at - 1);
  let next = at - 1;
  for (const {op, text} of hunk.lines) {
    if (op === '+') out.push(text);
    else {
      const kept = lines[next];
      if (op === ' ' && kept !== undefined) out.push(kept);
      next += 1;
    }
  }
  out.push(...lines.slice(next));
  // Only the last line may lack its end.
  return out.map((line, index) => (index < out.length - 1 && !line.endsWith('\n') ? `${line}\n` : line));
};

const failed: HunkResult = {is: 'failed'};

/** The content afterwards: with the hunks that fit, or as it was where the file's part fails as a whole. */
export const applyFile = (
  patch: FilePatch,
  before: Content,
  maxFuzz: number,
): {readonly result: FileResult; readonly content: Content} => {
  const {path, kind, hunks} = patch;
  const whole = (problem: FileProblem, first?: HunkResult) => ({
    result: {
      path,
      problem,
      hunks: hunks.map(({title}, index) => ({title, result: (index === 0 && first) || failed})),
    },
    content: before,
  });
  if (before === null) return whole('it is no regular file');
  if (kind === 'create' && before !== undefined && before !== '') return whole('it exists already');
  if (before === undefined && kind !== 'create' && hunks[0]?.old.length !== 0)
    return whole('there is no such file');

  let progress = untouched(before ?? '');
  const done: FileResult['hunks'][number][] = [];
  for (const [index, hunk] of hunks.entries()) {
    const exact = applyHunk(hunk, progress, 0);
    if (index === 0 && exact.result.is === 'failed' && isThere(hunk, progress))
      return hunk.new.length === 0
        ? whole('what its first hunk removes is not there', exact.result)
        : whole('the change is there already');
    const applied = exact.result.is === 'failed' && maxFuzz > 0 ? applyHunk(hunk, progress, maxFuzz) : exact;
    done.push({title: hunk.title, result: applied.result});
    progress = applied.progress;
  }
  const content = textOf(progress);
  if (kind !== 'delete') return {result: {path, hunks: done}, content};
  if (content === '') return {result: {path, hunks: done}, content: undefined};
  return {result: {path, hunks: done, problem: 'something is left of the file that it deletes'}, content};
};

/** Whether the hunk was applied before: --forward skips the file then. Without fuzz, or a hunk that is merely unlike would count as done. */
export const isThere = (hunk: Hunk, progress: Progress): boolean => {
  const undo = reversed(hunk);
  return placeHunk(undo, {...progress, guess: guessOf(undo, progress)}, 0) !== undefined;
};

/** Whether `up` would apply it. */
export const isExact = ({problem, hunks}: FileResult): boolean =>
  problem === undefined && hunks.every(({result}) => result.is === 'applied' && result.fuzz === 0);
