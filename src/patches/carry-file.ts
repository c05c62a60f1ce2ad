/** Carries one file's part of a patch to another release. */

import {type StructuredPatch, structuredPatch} from 'diff';
import {
  applyFile,
  applyHunk,
  type Content,
  type FileProblem,
  isExact,
  textOf,
  untouched,
} from './apply-file.ts';
import {type Basis, type CarryResult, carryHunk} from './carry-hunk.ts';
import {type Hunk, linesOf} from './hunk.ts';
import type {FilePatch} from './patch-file.ts';

export interface CarriedFile {
  readonly path: string;
  readonly kind: FilePatch['kind'];
  /** Why none of it could be carried. */
  readonly problem?: FileProblem;
  readonly hunks: readonly {readonly hunk: Hunk; readonly result: CarryResult}[];
  /** What has become of the file; undefined where there is none. */
  readonly lines?: readonly string[];
  /** The part as it is for the new release; undefined where nothing of it is left. */
  readonly refreshed?: StructuredPatch;
  /** The hunks that were not carried, as they were. */
  readonly rejected?: StructuredPatch;
}

export interface Carrying {
  /** The file in the new release, and in the old one where that is known; earlier patches are in both. */
  readonly onto: Content;
  readonly from: Content;
}

export interface Carried {
  readonly file: CarriedFile;
  readonly onto: Content;
  readonly from: Content;
}

export const carryFile = (patch: FilePatch, {onto, from}: Carrying): Carried => {
  const after = applyFile(patch, from, 0);
  const next = isExact(after.result) ? after.content : undefined;
  if (patch.kind !== 'change' || typeof onto !== 'string') return {...carryWhole(patch, onto), from: next};

  const hunks: CarriedFile['hunks'][number][] = [];
  let progress = untouched(onto);
  let old = typeof from === 'string' ? untouched(from) : undefined;
  for (const hunk of patch.hunks) {
    const applied = old && applyHunk(hunk, old, 0);
    const changed = applied?.result.is === 'applied' ? applied.progress : undefined;
    const basis: Basis | undefined = old && changed && {before: old.lines, after: changed.lines};
    const step = carryHunk(hunk, progress, basis);
    hunks.push({hunk, result: step.result});
    progress = step.progress;
    old = changed;
  }
  const content = textOf(progress);
  const refreshed = refresh(patch, hunks, {before: onto, after: content});
  return {
    file: {
      path: patch.path,
      kind: patch.kind,
      hunks,
      lines: progress.lines,
      ...refreshed,
      ...rejectedOf(patch, hunks),
    },
    onto: content,
    from: next,
  };
};

/** What makes a file, or takes it away, fits as it is, is there already, or cannot be carried. */
const carryWhole = (patch: FilePatch, onto: Content): Omit<Carried, 'from'> => {
  const {path, kind, parsed} = patch;
  const all = (result: CarryResult) => patch.hunks.map((hunk) => ({hunk, result}));
  const {result, content} = applyFile(patch, onto, 0);
  if (isExact(result)) {
    const hunks = all({is: 'applied', line: 1, offset: 0, fuzz: 0});
    return {file: {path, kind, hunks, refreshed: parsed}, onto: content};
  }
  const wanted = kind === 'create' ? applyFile(patch, undefined, 0).content : undefined;
  if (kind !== 'change' && onto === wanted) return {file: {path, kind, hunks: all({is: 'there'})}, onto};
  const {problem} = result;
  return {
    file: {
      path,
      kind,
      ...(typeof onto === 'string' && {lines: linesOf(onto)}),
      ...(problem && {problem}),
      hunks: all({is: 'rejected'}),
      rejected: parsed,
    },
    onto,
  };
};

/** Hunks that fit keep their words and get new numbers; where the context is another one, the files are compared. */
const refresh = (
  {parsed}: FilePatch,
  hunks: CarriedFile['hunks'],
  {before, after}: {readonly before: string; readonly after: string},
): Pick<CarriedFile, 'refreshed'> => {
  if (parsed.hunks.length > 0 && before === after) return {};
  const compare = hunks.some(
    ({result}) => result.is === 'merged' || (result.is === 'applied' && result.fuzz > 0),
  );
  if (compare) {
    const {hunks: compared} = structuredPatch('', '', before, after, '', '', {context: 3});
    return {refreshed: {...parsed, hunks: compared}};
  }
  let grown = 0;
  const renumbered = parsed.hunks.flatMap((each, index) => {
    const result = hunks[index]?.result;
    if (result?.is !== 'applied') return [];
    const renewed = {...each, oldStart: result.line, newStart: result.line + grown};
    grown += each.newLines - each.oldLines;
    return [renewed];
  });
  return {refreshed: {...parsed, hunks: renumbered}};
};

const rejectedOf = ({parsed}: FilePatch, hunks: CarriedFile['hunks']): Pick<CarriedFile, 'rejected'> => {
  const rejected = parsed.hunks.filter((_, index) => hunks[index]?.result.is === 'rejected');
  return rejected.length === 0 ? {} : {rejected: {...parsed, hunks: rejected}};
};
