/** The directory of a rebased series. It appears only when complete. */

import {readdir, rename, writeFile} from 'node:fs/promises';
import {join, relative} from 'node:path';
import {removeTree} from '../cache/files.ts';
import {scratchPath} from '../cache/scratch.ts';
import {UserError} from '../errors.ts';
import {makeDirectory} from '../make-directory.ts';
import {errorCodeOf} from '../thrown.ts';

/** Rejects with UserError (exit code `badInput`) unless the directory is empty or missing, and outside of `source`. */
export const requireOutputDirectory = async (directory: string, source: string): Promise<void> => {
  const problem = /^\.\.(?:\/|$)/.test(relative(source, directory))
    ? await problemWith(directory)
    : `it is in ${source}, which is only read`;
  if (problem === undefined) return;
  throw new UserError({
    what: `cannot write to ${directory}`,
    why: problem,
    tryThis: 'name a new directory with --output',
    code: 'KNI-E213',
  });
};

const problemWith = async (directory: string): Promise<string | undefined> => {
  try {
    return (await readdir(directory)).length === 0 ? undefined : 'it is not empty';
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    if (errorCodeOf(error) === 'ENOTDIR') return 'the path is not a directory';
    throw error;
  }
};

/** Writes files of latin1 text, by name. */
export const writeOutput = async (
  directory: string,
  files: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<void> => {
  const scratch = scratchPath(directory);
  makeDirectory(scratch);
  try {
    for (const [name, text] of files) await writeFile(join(scratch, name), text, 'latin1');
    signal.throwIfAborted();
    await rename(scratch, directory);
  } finally {
    await removeTree(scratch);
  }
};
