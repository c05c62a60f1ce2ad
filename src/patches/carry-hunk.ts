/** Carries one hunk to another release of its file: by its place, with some fuzz, or by a merge of three versions. */

import {diff3Merge} from 'node-diff3';
import {applyHunk, type HunkResult, isThere, type Progress} from './apply-file.ts';
import type {Hunk} from './hunk.ts';
import type {Mismatch} from './mismatch.ts';

type Applied = Extract<HunkResult, {is: 'applied'}>;

export type CarryResult =
  /** `alsoAt`: another line on which all stands that the hunk looks for, so that this may be the wrong one. */
  | (Applied & {readonly alsoAt?: number})
  /** At `line` of the file as it is after the hunks before. */
  | {readonly is: 'merged'; readonly line: number}
  /** The new release has the change. */
  | {readonly is: 'there'}
  | {readonly is: 'rejected'; readonly mismatch?: Mismatch};

/** The file of the old release: as the hunk finds it, and as the hunk leaves it. */
export interface Basis {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export interface Step {
  readonly result: CarryResult;
  readonly progress: Progress;
}

/** As GNU patch by itself, but some line must be compared: otherwise an insertion fits anywhere. */
const fuzzFor = ({old, prefix, suffix}: Hunk): number =>
  [2, 1].find((fuzz) => {
    const context = Math.max(prefix, suffix);
    const ignored = Math.max(0, fuzz + prefix - context) + Math.max(0, fuzz + suffix - context);
    return old.length > ignored;
  }) ?? 0;

export const carryHunk = (hunk: Hunk, progress: Progress, basis: Basis | undefined): Step => {
  const exact = applyHunk(hunk, progress, 0);
  if (exact.result.is === 'applied')
    return {...exact, result: {...exact.result, ...elsewhere(hunk, progress, exact.result)}};
  if (hunk.new.length > 0 && isThere(hunk, progress)) return {result: {is: 'there'}, progress};
  const fuzzy = applyHunk(hunk, progress, fuzzFor(hunk));
  if (fuzzy.result.is === 'applied') return {...fuzzy, result: fuzzy.result};
  return (basis && merge(progress, basis)) ?? reject(progress, fuzzy.result);
};

/** Only of a hunk that has moved: one that is where its number says is hardly meant elsewhere. */
const elsewhere = (
  {old}: Hunk,
  {lines, grown, frozen}: Progress,
  {line, offset}: Applied,
): {readonly alsoAt?: number} => {
  if (offset === 0 || old.length === 0) return {};
  const fits = (start: number): boolean => old.every((text, index) => lines[start + index] === text);
  const start = lines.findIndex((_, at) => at >= frozen && at + 1 !== line + grown && fits(at));
  return start === -1 ? {} : {alsoAt: start + 1 - grown};
};

/** Undefined where both releases changed the same lines. */
const merge = (progress: Progress, {before, after}: Basis): Step | undefined => {
  const regions = diff3Merge([...progress.lines], [...before], [...after]);
  if (regions.some(({conflict}) => conflict !== undefined)) return undefined;
  const lines = regions.flatMap(({ok = []}) => ok);
  const at = lines.findIndex((line, index) => line !== progress.lines[index]);
  if (at === -1 && lines.length === progress.lines.length) return {result: {is: 'there'}, progress};
  const line = at === -1 ? lines.length + 1 : at + 1;
  const grown = progress.grown + lines.length - progress.lines.length;
  return {result: {is: 'merged', line}, progress: {...progress, lines, grown}};
};

const reject = (progress: Progress, {mismatch}: Extract<HunkResult, {is: 'failed'}>): Step => ({
  result: {is: 'rejected', ...(mismatch && {mismatch})},
  progress,
});
