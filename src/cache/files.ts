/** What the cache needs of the file system, beyond what Node.js gives. */

import {access, lstat, readdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {errorCodeOf} from '../thrown.ts';

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Removes a file or a tree; fine where there is none. */
export const removeTree = (path: string): Promise<void> =>
  rm(path, {recursive: true, force: true, maxRetries: 3});

/** The names in a directory, sorted; none where there is no directory. */
export const namesIn = async (path: string): Promise<readonly string[]> => {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
};

/** Bytes that a file or a tree takes on disk; what vanishes meanwhile counts for nothing. */
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
