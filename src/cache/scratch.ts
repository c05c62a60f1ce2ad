/** Scratch directories, in which artifacts are built. Their names contain a pid, so that orphaned ones can be removed. */

import {randomBytes} from 'node:crypto';
import {basename, dirname, join} from 'node:path';
import {errorCodeOf} from '../thrown.ts';
import {namesIn, removeTree} from './files.ts';

const pattern = /^\..+\.scratch-(?<pid>\d+)-[0-9a-f]{8}$/;

/** Beside `path`, so that a rename can publish it: `.kubelet-0123456789abcdef.scratch-<pid>-<random>` */
export const scratchPath = (path: string): string =>
  join(dirname(path), `.${basename(path)}.scratch-${process.pid}-${randomBytes(4).toString('hex')}`);

export const isScratch = (name: string): boolean => pattern.test(name);

/** Removes orphaned scratch directories: their processes were killed. */
export const removeDeadScratch = async (directory: string): Promise<void> => {
  for (const name of await namesIn(directory)) {
    const pid = pattern.exec(name)?.groups?.['pid'];
    if (pid !== undefined && !isAlive(Number(pid))) await removeTree(join(directory, name));
  }
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: the process exists and belongs to another user.
    return errorCodeOf(error) === 'EPERM';
  }
};
