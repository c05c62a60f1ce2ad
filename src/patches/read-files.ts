/** Reads files of a tree. */

import {lstat, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {errorCodeOf} from '../thrown.ts';
import type {Content} from './apply-file.ts';
import type {Files} from './series.ts';

/** Does not follow symbolic links, so that a path stays in the tree. A link reads as null. */
export const readFiles = async (tree: string, paths: readonly string[]): Promise<Files> =>
  new Map(await Promise.all(paths.map(async (path) => [path, await readFileIn(tree, path)] as const)));

const readFileIn = async (tree: string, path: string): Promise<Content> => {
  const parts = path.split('/');
  try {
    for (let depth = 1; depth < parts.length; depth += 1)
      if ((await lstat(join(tree, ...parts.slice(0, depth)))).isSymbolicLink()) return null;
    return (await lstat(join(tree, path))).isFile() ? await readFile(join(tree, path), 'latin1') : null;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCodeOf(error) ?? '')) return undefined;
    throw error;
  }
};
