/** Applies the part of a patch that changes one file. `patch` does the work; this module explains the result. */

import {CommandError} from '../host/command-error.ts';
import {applyPatch, parseHunks, patchEnv} from '../tools/patch.ts';
import {findLines, type Hunk, linesOf} from './hunk.ts';
import {closestTo, type Mismatch} from './mismatch.ts';
import type {FilePatch} from './patch-file.ts';
import {putFile, readBack, type Workbench} from './workbench.ts';

export type HunkResult =
  /** `line` counts in the file before the patch. `offset` is the distance to the line that the hunk names. */
  | {readonly kind: 'applied'; readonly line: number; readonly offset: number; readonly fuzz: number}
  | {readonly kind: 'failed'; readonly mismatch?: Mismatch};

/** Why no hunk of a file can be applied. */
export type FileProblem =
  | 'no such file'
  | 'not a regular file'
  | 'already exists'
  | 'the change is already there'
  | 'differs from the file that the patch deletes';

export interface FileResult {
  readonly path: string;
  readonly problem?: FileProblem;
  readonly hunks: readonly {readonly title: string; readonly result: HunkResult}[];
}

/** A file's text; undefined for a missing file, null for a directory, a link and the like. */
export type Content = string | undefined | null;

/** `content` is the file afterwards, with the hunks that fit, or unchanged after a problem. */
export interface Application {
  readonly result: FileResult;
  readonly content: Content;
}

export const applyFile = async (
  bench: Workbench,
  patch: FilePatch,
  before: Content,
  fuzz: number,
): Promise<Application> => {
  const {path, kind, hunks} = patch;
  const outcome = (result: HunkResult) => ({path, hunks: hunks.map(({title}) => ({title, result}))});
  const refuse = (problem: FileProblem): Application => ({
    result: {...outcome({kind: 'failed'}), problem},
    content: before,
  });
  if (before === null) return refuse('not a regular file');
  if (kind === 'create' && before) return refuse('already exists');
  if (kind !== 'create' && before === undefined) return refuse('no such file');
  if (kind === 'delete' && before !== hunks.flatMap((hunk) => hunk.old).join(''))
    return refuse('differs from the file that the patch deletes');
  if (kind !== 'change') {
    const content = kind === 'create' ? hunks.flatMap((hunk) => hunk.new).join('') : undefined;
    return {result: outcome({kind: 'applied', line: 1, offset: 0, fuzz: 0}), content};
  }
  const {results, content} = await applyHunks(bench, hunks, before ?? '', fuzz);
  const [first] = hunks;
  if (first && results[0]?.kind === 'failed' && isPresent(first, before ?? ''))
    return refuse('the change is already there');
  return {
    result: {path, hunks: hunks.flatMap(({title}, index) => ({title, result: results[index] ?? failed}))},
    content,
  };
};

const failed: HunkResult = {kind: 'failed'};

/** Whether the file already contains the hunk's change. */
export const isPresent = (hunk: Hunk, text: string): boolean =>
  hunk.new.length > 0 && findLines(hunk.new, linesOf(text)) !== undefined;

/** Hunks that fail are left out. */
export const applyHunks = async (
  bench: Workbench,
  hunks: readonly Hunk[],
  before: string,
  fuzz: number,
): Promise<{readonly results: readonly HunkResult[]; readonly content: string}> => {
  if (hunks.length === 0) return {results: [], content: before};
  const file = await putFile(bench, 'file', before);
  const text = hunks.map((hunk) => hunk.text).join('');
  const patch = await putFile(bench, 'file.patch', `--- a/file\n+++ b/file\n${text}`);
  const lines: string[] = [];
  await bench.host
    .run(applyPatch({file, patch, fuzz}), {
      signal: bench.signal,
      env: patchEnv,
      onLine: (line) => lines.push(line),
    })
    .catch((error: unknown) => {
      if (!(error instanceof CommandError) || error.exitStatus !== 1) throw error;
    });
  const places = parseHunks(lines);
  let growth = 0;
  const results = hunks.map((hunk, index): HunkResult => {
    const place = places[index];
    if (place === undefined) return {kind: 'failed', ...mismatchOf(hunk, before)};
    const line = place.line - growth;
    growth += hunk.new.length - hunk.old.length;
    return {kind: 'applied', line, offset: place.offset, fuzz: place.fuzz};
  });
  return {results, content: await readBack(file)};
};

const mismatchOf = ({old, oldStart}: Hunk, text: string): {readonly mismatch?: Mismatch} => {
  const mismatch = closestTo(old, linesOf(text), oldStart);
  return mismatch === undefined ? {} : {mismatch};
};

/** Whether `up`, which allows no fuzz, would apply all of it. */
export const isExact = ({problem, hunks}: FileResult): boolean =>
  problem === undefined && hunks.every(({result}) => result.kind === 'applied' && result.fuzz === 0);
