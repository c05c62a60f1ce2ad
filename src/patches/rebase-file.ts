/** Rebases the part of a patch that changes one file onto another release. */

import {
  applyFile,
  applyHunks,
  type Content,
  type FileProblem,
  type HunkResult,
  isExact,
  isPresent,
} from './apply-file.ts';
import {diffTexts, mergeTexts} from './compare.ts';
import {findLines, type Hunk, linesOf} from './hunk.ts';
import {closestTo, type Mismatch} from './mismatch.ts';
import type {FilePatch} from './patch-file.ts';
import type {Workbench} from './workbench.ts';

type AppliedHunk = Extract<HunkResult, {kind: 'applied'}>;

export type RebaseResult =
  /** `alsoAt` is another line at which a moved hunk fits, so the hunk may be at the wrong one. */
  | (AppliedHunk & {readonly alsoAt?: number})
  /** `line` counts in the merged file. */
  | {readonly kind: 'merged'; readonly line: number}
  /** The new release has the change. */
  | {readonly kind: 'present'}
  | {readonly kind: 'rejected'; readonly mismatch?: Mismatch};

export interface RebasedFile {
  readonly path: string;
  /** Why no hunk of this file could be rebased. */
  readonly problem?: FileProblem;
  readonly hunks: readonly {readonly hunk: Hunk; readonly result: RebaseResult}[];
  /** The file of the new release as the patches before left it; undefined for a missing file. */
  readonly lines?: readonly string[];
  /** This part of the patch for the new release; undefined if nothing is left to change. */
  readonly text: string | undefined;
  /** The rejected hunks; undefined if no hunk was rejected. */
  readonly rejected: string | undefined;
}

/** A file in the new release, and in the old one if that is known. Earlier patches of the series are applied to both. */
export interface Releases {
  readonly onto: Content;
  readonly from: Content;
}

export const rebaseFile = async (
  bench: Workbench,
  patch: FilePatch,
  {onto, from}: Releases,
): Promise<{readonly file: RebasedFile; readonly after: Releases}> => {
  const old = await applyFile(bench, patch, from, 0);
  const patched = isExact(old.result) ? old.content : undefined;
  if (patch.kind !== 'change' || typeof onto !== 'string') {
    const whole = await rebaseWhole(bench, patch, onto);
    return {file: whole.file, after: {onto: whole.content, from: patched}};
  }
  let {results, content} = await rebaseHunks(bench, patch.hunks, onto);
  if (results.some(isRejected) && typeof from === 'string' && typeof patched === 'string') {
    const merged = await mergeTexts(bench, {ours: onto, base: from, theirs: patched});
    if (merged !== undefined) {
      content = merged;
      results = results.map((result, index) =>
        isRejected(result) ? mergedAt(patch.hunks[index], merged, merged === onto) : result,
      );
    }
  }
  const hunks = patch.hunks.flatMap((hunk, index) => {
    const result = results[index];
    return result === undefined ? [] : [{hunk, result}];
  });
  const rejected = hunks.flatMap(({hunk, result}) => (isRejected(result) ? [hunk.text] : []));
  const isUnchanged = hunks.every(
    ({hunk, result}) => result.kind === 'applied' && result.fuzz === 0 && result.line === hunk.oldStart,
  );
  const text = isUnchanged
    ? unchangedText(patch)
    : content === onto
      ? undefined
      : `${patch.head}${await diffTexts(bench, onto, content)}`;
  return {
    file: {
      path: patch.path,
      hunks,
      lines: linesOf(onto),
      text,
      rejected: rejected.length === 0 ? undefined : `${patch.head}${rejected.join('')}`,
    },
    after: {onto: content, from: patched},
  };
};

const unchangedText = ({head, hunks}: FilePatch): string => `${head}${hunks.map(({text}) => text).join('')}`;

const isRejected = ({kind}: RebaseResult): boolean => kind === 'rejected';

/** The default of `patch`, which uses it only for hunks that do not fit exactly. */
const fuzz = 2;

const rebaseHunks = async (
  bench: Workbench,
  hunks: readonly Hunk[],
  onto: string,
): Promise<{readonly results: readonly RebaseResult[]; readonly content: string}> => {
  const lines = linesOf(onto);
  // Without this, fuzz could apply a change a second time.
  const missing = hunks.filter((hunk) => findLines(hunk.old, lines) !== undefined || !isPresent(hunk, onto));
  const applied = await applyHunks(bench, missing, onto, fuzz);
  const results = hunks.map((hunk): RebaseResult => {
    const result = applied.results[missing.indexOf(hunk)];
    if (result === undefined) return {kind: 'present'};
    return result.kind === 'failed'
      ? {...result, kind: 'rejected'}
      : {...result, ...alsoAt(hunk, lines, result)};
  });
  return {results, content: applied.content};
};

/** Searches only for moved hunks, because a hunk at its original line is most likely right. */
const alsoAt = (
  {old}: Hunk,
  lines: readonly string[],
  {line, offset, fuzz: used}: AppliedHunk,
): {readonly alsoAt?: number} => {
  const other = offset === 0 || used > 0 || old.length === 0 ? undefined : findLines(old, lines, line);
  return other === undefined ? {} : {alsoAt: other};
};

const mergedAt = (hunk: Hunk | undefined, merged: string, isSame: boolean): RebaseResult => {
  if (isSame || hunk === undefined) return {kind: 'present'};
  return {kind: 'merged', line: closestTo(hunk.new, linesOf(merged), hunk.newStart)?.line ?? hunk.newStart};
};

/** A part that creates or deletes a file is applied unchanged, is present already, or is rejected. */
const rebaseWhole = async (
  bench: Workbench,
  patch: FilePatch,
  onto: Content,
): Promise<{readonly file: RebasedFile; readonly content: Content}> => {
  const {path, kind, hunks} = patch;
  const all = (result: RebaseResult) => hunks.map((hunk) => ({hunk, result}));
  const {result, content} = await applyFile(bench, patch, onto, 0);
  const text = unchangedText(patch);
  if (isExact(result)) {
    const applied = all({kind: 'applied', line: 1, offset: 0, fuzz: 0});
    return {file: {path, hunks: applied, text, rejected: undefined}, content};
  }
  const created = kind === 'create' ? hunks.flatMap((hunk) => hunk.new).join('') : undefined;
  if (kind !== 'change' && onto === created)
    return {file: {path, hunks: all({kind: 'present'}), text: undefined, rejected: undefined}, content: onto};
  const {problem} = result;
  return {
    file: {
      path,
      ...(problem && {problem}),
      ...(typeof onto === 'string' && {lines: linesOf(onto)}),
      hunks: all({kind: 'rejected'}),
      text: undefined,
      rejected: text,
    },
    content: onto,
  };
};
