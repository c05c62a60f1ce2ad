/** Small helpers for the file system. */

import {access, lstat, readdir, readFile, rename, rm, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {makeDirectory} from '../make-directory.ts';
import {errorCodeOf} from '../thrown.ts';
import {syncDirectory} from './sync.ts';

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Removes a file or a tree. A missing path is not an error. */
export const removeTree = (path: string): Promise<void> =>
  rm(path, {recursive: true, force: true, maxRetries: 3});

/** The names in a directory, sorted; empty when the directory does not exist. */
export const namesIn = async (path: string): Promise<readonly string[]> => {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
};

/** The text of a file; undefined when it does not exist. */
export const readIfExists = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
};

/**
 * Writes a file, in a directory that is created if it is missing. Readers see the old text or the new one, also after a power failure.
 * The new text is on disk when this resolves.
 */
export const replaceFile = async (file: string, text: string): Promise<void> => {
  const scratch = `${file}.new`;
  makeDirectory(dirname(file));
  await writeFile(scratch, text, {flush: true}).catch((error: unknown) => {
    throw namingFile(error, scratch);
  });
  await rename(scratch, file);
  await syncDirectory(dirname(file));
};

/** Node.js leaves the path out of an error of write(2), such as ENOSPC. */
const namingFile = (error: unknown, file: string): unknown => {
  if (error instanceof Error && !error.message.includes(file)) error.message += ` '${file}'`;
  return error;
};

/** Bytes that a file or a tree uses on disk. Files that vanish meanwhile count as 0. */
export const bytesOf = async (path: string): Promise<number> => {
  try {
    const stat = await lstat(path);
    let bytes = stat.blocks * 512;
    if (stat.isDirectory()) for (const name of await namesIn(path)) bytes += await bytesOf(join(path, name));
    return bytes;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return 0;
    throw error;
  }
};
