/** Small helpers for the file system. */

import {access, lstat, readdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {errorCodeOf} from '../thrown.ts';

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
