/** Rebases a series of patches onto another release. */

import type {Patch} from './patch-file.ts';
import {type RebasedFile, rebaseFile} from './rebase-file.ts';
import type {Files} from './series.ts';
import type {Workbench} from './workbench.ts';

export interface RebasedPatch {
  readonly name: string;
  readonly files: readonly RebasedFile[];
  /** The patch for the new release; undefined if nothing is left to change. */
  readonly text: string | undefined;
  /** The rejected hunks below the header of the patch; undefined if no hunk was rejected. */
  readonly rejected: string | undefined;
}

/** `from` is the old release. Without it nothing is merged. */
export const rebaseSeries = async (
  bench: Workbench,
  patches: readonly Patch[],
  onto: Files,
  from: Files = new Map(),
): Promise<readonly RebasedPatch[]> => {
  const [old, current] = [new Map(from), new Map(onto)];
  const rebased: RebasedPatch[] = [];
  for (const {name, header, files} of patches) {
    const parts: RebasedFile[] = [];
    for (const part of files) {
      const {path} = part;
      const {file, after} = await rebaseFile(bench, part, {onto: current.get(path), from: old.get(path)});
      current.set(path, after.onto);
      old.set(path, after.from);
      parts.push(file);
    }
    const below = (texts: readonly (string | undefined)[]): string | undefined => {
      const text = texts.join('');
      return text === '' ? undefined : `${header}${text}`;
    };
    rebased.push({
      name,
      files: parts,
      text: below(parts.map(({text}) => text)),
      rejected: below(parts.map((part) => part.rejected)),
    });
  }
  return rebased;
};

export const isRebased = ({rejected}: RebasedPatch): boolean => rejected === undefined;
