/** Creates a directory and its parents. */
import {mkdirSync, statSync} from 'node:fs';
import {dirname} from 'node:path';
import {errorCodeOf} from './error-code.ts';

/**
 * Not Node.js's `recursive` option, which loops forever on file systems such as /proc: they report ENOENT although the
 * parent exists.
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
