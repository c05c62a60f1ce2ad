/** Creates a directory with its parents. */

import {mkdirSync, statSync} from 'node:fs';
import {dirname} from 'node:path';
import {errorCodeOf} from './thrown.ts';

/**
 * Returns the created directories, the innermost first. Node.js' `mkdir` with `recursive` never returns when the file
 * system reports ENOENT although the parent exists, as /proc does.
 */
export const makeDirectory = (path: string): readonly string[] => {
  const made = attempt(path);
  if (made !== 'no parent') return made;
  const parents = makeDirectory(dirname(path));
  return [...make(path), ...parents];
};

const attempt = (path: string): readonly string[] | 'no parent' => {
  try {
    return make(path);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT' && dirname(path) !== path) return 'no parent';
    throw error;
  }
};

const make = (path: string): readonly string[] => {
  try {
    mkdirSync(path);
    return [path];
  } catch (error) {
    if (isDirectory(path)) return [];
    throw error;
  }
};

/** Checked after any error: on a read-only file system mkdir reports EROFS even for an existing directory. */
const isDirectory = (path: string): boolean =>
  statSync(path, {throwIfNoEntry: false})?.isDirectory() === true;
