/** Makes a directory with its parents. */

import {mkdirSync, statSync} from 'node:fs';
import {dirname} from 'node:path';
import {errorCodeOf} from './thrown.ts';

/**
 * Returns the directories that it made, the innermost first. `mkdir` of Node.js with `recursive` never returns where the
 * file system reports ENOENT although the parent exists, as /proc does.
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

/** A directory that exists is fine whatever mkdir reports: on a read-only file system that is EROFS. */
const isDirectory = (path: string): boolean =>
  statSync(path, {throwIfNoEntry: false})?.isDirectory() === true;
