/** The directory that a carried series is written to: complete, or not there. */

import {readdir, rename, writeFile} from 'node:fs/promises';
import {join, relative} from 'node:path';
import {removeTree} from '../cache/files.ts';
import {scratchPath} from '../cache/scratch.ts';
import {UserError} from '../errors.ts';
import {exitCodes} from '../exit-codes.ts';
import {makeDirectory} from '../make-directory.ts';
import {errorCodeOf} from '../thrown.ts';

/** Rejects with UserError (exit code `badInput`) where nothing may be written to. */
export const outputDirectory = async (directory: string, source: string): Promise<void> => {
  const why = /^\.\.(?:\/|$)/.test(relative(source, directory))
    ? await whyNot(directory)
    : `it lies in ${source}, which is only read`;
  if (why === undefined) return;
  throw new UserError({
    what: `nothing can be written to ${directory}`,
    why,
    tryThis: 'name a new directory with --output',
    exitCode: exitCodes.badInput,
  });
};

const whyNot = async (directory: string): Promise<string | undefined> => {
  try {
    return (await readdir(directory)).length === 0 ? undefined : 'it is not empty';
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    if (errorCodeOf(error) === 'ENOTDIR') return 'it, or something above it, is no directory';
    throw error;
  }
};

/** Files by name, of latin1 text: the bytes they were read from. */
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
