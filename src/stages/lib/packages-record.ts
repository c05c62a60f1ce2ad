/** Records the packages that `up` installed. `down --purge` keeps them, and prints the command that removes them. */

import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {z} from 'zod';
import type {Dirs} from '../../cache/dirs.ts';
import {readJson} from '../../json.ts';
import {makeDirectory} from '../../make-directory.ts';
import {errorCodeOf} from '../../thrown.ts';

const fileIn = ({state}: Pick<Dirs, 'state'>): string => join(state, 'installed-packages.json');

export const recordPackages = async (
  dirs: Pick<Dirs, 'state'>,
  packages: readonly string[],
): Promise<void> => {
  const all = new Set([...(await recordedPackages(dirs)), ...packages]);
  makeDirectory(dirs.state);
  await writeFile(fileIn(dirs), `${JSON.stringify([...all])}\n`);
};

export const recordedPackages = async (dirs: Pick<Dirs, 'state'>): Promise<readonly string[]> => {
  try {
    return readJson(z.array(z.string()), await readFile(fileIn(dirs), 'utf8'), fileIn(dirs));
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
};
