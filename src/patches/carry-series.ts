/** Carries a series to another release of what it is for. */

import {FILE_HEADERS_ONLY, formatPatch, type StructuredPatch} from 'diff';
import {type CarriedFile, carryFile} from './carry-file.ts';
import type {Patch} from './patch-file.ts';
import type {Files} from './series.ts';

export interface CarriedPatch {
  readonly name: string;
  readonly files: readonly CarriedFile[];
  /** The patch for the new release; undefined where nothing of it is left. */
  readonly text: string | undefined;
  /** What was not carried, with the reason why the patch is there; undefined where all was. */
  readonly rejected: string | undefined;
}

/** `from` is the old release, for merges: without it there are none. */
export const carrySeries = (
  patches: readonly Patch[],
  onto: Files,
  from: Files = new Map(),
): readonly CarriedPatch[] => {
  const [here, there] = [new Map(from), new Map(onto)];
  return patches.map((patch) => {
    const files = patch.files.map((part) => {
      const carried = carryFile(part, {onto: there.get(part.path), from: here.get(part.path)});
      there.set(part.path, carried.onto);
      here.set(part.path, carried.from);
      return carried.file;
    });
    const refreshed = files.flatMap((file) => file.refreshed ?? []);
    const rejected = files.flatMap((file) => file.rejected ?? []);
    return {
      name: patch.name,
      files,
      text: files.every(isUnchanged) ? patch.text : textOf(patch, refreshed),
      rejected: textOf(patch, rejected),
    };
  });
};

export const isCarried = ({rejected}: CarriedPatch): boolean => rejected === undefined;

/** Then it stays as its author wrote it, to the byte. */
const isUnchanged = ({hunks, problem, rejected, refreshed}: CarriedFile): boolean =>
  problem === undefined &&
  rejected === undefined &&
  refreshed !== undefined &&
  hunks.every(
    ({hunk, result}) => result.is === 'applied' && result.fuzz === 0 && result.line === hunk.oldStart,
  );

const textOf = ({header}: Patch, files: readonly StructuredPatch[]): string | undefined =>
  files.length === 0
    ? undefined
    : `${header}${files.map((file) => formatPatch(file, FILE_HEADERS_ONLY)).join('')}`;
