/** Lists the content of the cache, and removes the cache or the state directory. */

import {lstat, rmdir} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {errorCodeOf} from '../thrown.ts';
import {type Dirs, lockName} from './dirs.ts';
import {bytesOf, namesIn, removeTree} from './files.ts';
import {isScratch} from './scratch.ts';

export interface CacheEntry {
  readonly path: string;
  /** On disk. */
  readonly bytes: number;
}

/** The paths in the cache that `removeDirectory` would remove: each artifact, and every other entry. */
export const listCache = async (dirs: Dirs): Promise<readonly CacheEntry[]> => {
  const artifacts = join(dirs.cache, 'artifacts');
  const paths = [
    ...(await namesIn(artifacts)).map((name) => join(artifacts, name)),
    ...(await namesIn(dirs.cache))
      .filter((name) => name !== 'artifacts' && name !== lockName)
      .map((name) => join(dirs.cache, name)),
  ];
  return Promise.all(paths.map(async (path) => ({path, bytes: await bytesOf(path)})));
};

/** Removes the cache or the state directory, except its lock, which the holder of the lock removes. */
export const removeDirectory = async (directory: string): Promise<void> => {
  const isLink = await lstat(directory).then(
    (stat) => stat.isSymbolicLink(),
    () => false,
  );
  if (isLink) return removeTree(directory);
  for (const name of await namesIn(directory)) if (name !== lockName) await removeTree(join(directory, name));
  await rmdir(directory).catch((error: unknown) => {
    if (!['ENOENT', 'ENOTEMPTY'].includes(errorCodeOf(error) ?? '')) throw error;
  });
};

/** Removes stale artifacts: those with the name of a current one, but another fingerprint. Returns what it removed. */
export const pruneArtifacts = async (current: readonly string[]): Promise<readonly CacheEntry[]> => {
  const kept = new Set(current);
  const removed: CacheEntry[] = [];
  for (const path of current) {
    for (const name of await namesIn(dirname(path))) {
      const other = join(dirname(path), name);
      if (kept.has(other) || isScratch(name) || artifactName(name) !== artifactName(basename(path))) continue;
      removed.push({path: other, bytes: await bytesOf(other)});
      await removeTree(other);
    }
  }
  return removed;
};

/** `kubelet-0123456789abcdef` → `kubelet` */
const artifactName = (artifact: string): string => artifact.replace(/-[0-9a-f]{16}$/, '');
