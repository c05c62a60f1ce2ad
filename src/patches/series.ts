/** A series of patches, and how it changes the files of a tree. */

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {namesIn} from '../cache/files.ts';
import {UserError} from '../errors.ts';
import {applyFile, type Content, type FileResult, isExact} from './apply-file.ts';
import {type Patch, parsePatch} from './patch-file.ts';
import type {Workbench} from './workbench.ts';

export interface PatchResult {
  readonly name: string;
  readonly files: readonly FileResult[];
}

/** The contents of all files that a series changes, by path. */
export type Files = ReadonlyMap<string, Content>;

/** The numbered patches of a directory. Rejects with UserError if it has no patches, or an unreadable one. */
export const readSeries = async (directory: string): Promise<readonly Patch[]> => {
  const names = (await namesIn(directory)).filter((name) => /^[0-9].*\.patch$/.test(name));
  if (names.length === 0)
    throw new UserError({
      what: 'no patches found',
      why: `${directory} has no file such as 0001-why.patch`,
      tryThis: 'correct the stack, or write the patches',
      code: 'KNI-E216',
    });
  return readPatches(directory, names);
};

/** Debian's patches, which its file `series` names. Options or a comment may follow a name. */
export const readQuiltSeries = async (directory: string): Promise<readonly Patch[]> => {
  const series = await readFile(join(directory, 'series'), 'latin1');
  const names = series.split('\n').map((line) => line.trim().split(/\s+/)[0] ?? '');
  return readPatches(
    directory,
    names.filter((name) => name !== '' && !name.startsWith('#')),
  );
};

const readPatches = (directory: string, names: readonly string[]): Promise<readonly Patch[]> =>
  Promise.all(names.map(async (name) => parsePatch(name, await readFile(join(directory, name), 'latin1'))));

/** The files that patches change, each once. */
export const pathsOf = (patches: readonly Patch[]): readonly string[] => [
  ...new Set(patches.flatMap(({files}) => files.map(({path}) => path))),
];

/** Tries each patch on the result of the patches before it, even if one of them failed. */
export const applySeries = async (
  bench: Workbench,
  patches: readonly Patch[],
  before: Files,
  fuzz: number,
): Promise<{readonly results: readonly PatchResult[]; readonly files: Files}> => {
  const files = new Map(before);
  const results: PatchResult[] = [];
  for (const patch of patches) {
    const applied: FileResult[] = [];
    for (const file of patch.files) {
      const {result, content} = await applyFile(bench, file, files.get(file.path), fuzz);
      files.set(file.path, content);
      applied.push(result);
    }
    results.push({name: patch.name, files: applied});
  }
  return {results, files};
};

/** Whether `up` would apply all of it. */
export const allExact = (results: readonly PatchResult[]): boolean =>
  results.every(({files}) => files.every(isExact));
