/** A series of patches, and what it makes of the files that it touches. */

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {namesIn} from '../cache/files.ts';
import {UserError} from '../errors.ts';
import {exitCodes} from '../exit-codes.ts';
import {applyFile, type Content, type FileResult, isExact} from './apply-file.ts';
import {type Patch, patchFrom} from './patch-file.ts';

export interface PatchResult {
  readonly name: string;
  readonly files: readonly FileResult[];
}

/** By path; a path that is missing is none of those that the series touches. */
export type Files = ReadonlyMap<string, Content>;

/** Our own: the numbered patches of a directory. Rejects with UserError where there is none, or one cannot be read. */
export const readSeries = async (directory: string): Promise<readonly Patch[]> => {
  const names = (await namesIn(directory)).filter((name) => /^[0-9].*\.patch$/.test(name));
  if (names.length === 0)
    throw new UserError({
      what: 'there is no series of patches',
      why: `${directory} holds no file such as 0001-why.patch`,
      tryThis: 'correct the stack, or write the patches',
      exitCode: exitCodes.badInput,
    });
  return readPatches(directory, names);
};

/** Debian's: the names in its file `series`; after a name may stand options or a remark. */
export const readQuiltSeries = async (directory: string): Promise<readonly Patch[]> => {
  const series = await readFile(join(directory, 'series'), 'latin1');
  const names = series.split('\n').map((line) => line.trim().split(/\s+/)[0] ?? '');
  return readPatches(
    directory,
    names.filter((name) => name !== '' && !name.startsWith('#')),
  );
};

const readPatches = (directory: string, names: readonly string[]): Promise<readonly Patch[]> =>
  Promise.all(names.map(async (name) => patchFrom(name, await readFile(join(directory, name), 'latin1'))));

/** The files that patches touch, each once. */
export const pathsOf = (patches: readonly Patch[]): readonly string[] => [
  ...new Set(patches.flatMap(({files}) => files.map(({path}) => path))),
];

/** Every patch is tried on what those before it left, also where one of them failed. */
export const applySeries = (
  patches: readonly Patch[],
  before: Files,
  maxFuzz: number,
): {readonly results: readonly PatchResult[]; readonly files: Files} => {
  const files = new Map(before);
  const results = patches.map((patch) => ({
    name: patch.name,
    files: patch.files.map((file) => {
      const {result, content} = applyFile(file, files.get(file.path), maxFuzz);
      files.set(file.path, content);
      return result;
    }),
  }));
  return {results, files};
};

/** Whether `up` would apply all of it. */
export const allExact = (results: readonly PatchResult[]): boolean =>
  results.every(({files}) => files.every(isExact));
