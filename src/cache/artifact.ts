/** Artifacts: directories named after the fingerprint of their inputs. An existing artifact is complete. */

import {rename, stat} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {makeDirectory} from '../make-directory.ts';
import {errorCodeOf} from '../thrown.ts';
import type {Dirs} from './dirs.ts';
import {removeTree} from './files.ts';
import {removeDeadScratch, scratchPath} from './scratch.ts';
import {syncDirectory, syncTree} from './sync.ts';

/** `<cache>/artifacts/<name>-<first 16 digits of the fingerprint>` */
export const artifactPath = (dirs: Dirs, name: string, fingerprint: string): string =>
  join(dirs.cache, 'artifacts', `${name}-${fingerprint.slice(0, 16)}`);

export const artifactExists = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
};

/**
 * Creates the artifact at `path`, unless it exists. `fill` gets an empty scratch directory beside it. That directory is
 * renamed to `path` after `fill` has resolved and everything is on disk. When `fill` throws, it is removed.
 */
export const publish = async (path: string, fill: (scratchDir: string) => Promise<void>): Promise<void> => {
  if (await artifactExists(path)) return;
  await removeDeadScratch(dirname(path));
  const scratch = scratchPath(path);
  makeDirectory(scratch);
  try {
    await fill(scratch);
    await syncTree(scratch);
    await renameUnlessThere(scratch, path);
    await syncDirectory(dirname(path));
  } finally {
    await removeTree(scratch);
  }
};

/** When another process was faster, its artifact has the same fingerprint and the same content. */
const renameUnlessThere = async (from: string, to: string): Promise<void> => {
  try {
    await rename(from, to);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(errorCodeOf(error) ?? '')) throw error;
  }
};
