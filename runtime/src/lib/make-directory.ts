/** Makes a directory with its parents. */
import {mkdirSync, statSync} from 'node:fs';
import {dirname} from 'node:path';
import {errorCodeOf} from './error-code.ts';

/**
 * `mkdir` of Node.js with `recursive` never returns where the file system reports ENOENT although the parent exists, as
 * /proc does.
 */
export const makeDirectory = (path: string, mode: number): void => {
  try {
    make(path, mode);
  } catch (error) {
    if (errorCodeOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    makeDirectory(dirname(path), mode);
    make(path, mode);
  }
};

const make = (path: string, mode: number): void => {
  try {
    mkdirSync(path, {mode});
  } catch (error) {
    // A directory that exists is fine whatever mkdir reports: on a read-only file system that is EROFS.
    if (statSync(path, {throwIfNoEntry: false})?.isDirectory() !== true) throw error;
  }
};
