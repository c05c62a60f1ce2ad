/** Records the packages that `up` installed. `down --purge` keeps them, and prints the command that removes them. */

import {join} from 'node:path';
import {z} from 'zod';
import type {Dirs} from '../../cache/dirs.ts';
import {readIfExists, replaceFile} from '../../cache/files.ts';
import {readJson} from '../../json.ts';

const fileIn = ({state}: Pick<Dirs, 'state'>): string => join(state, 'installed-packages.json');

export const recordPackages = async (
  dirs: Pick<Dirs, 'state'>,
  packages: readonly string[],
): Promise<void> => {
  const all = new Set([...(await recordedPackages(dirs)), ...packages]);
  await replaceFile(fileIn(dirs), `${JSON.stringify([...all])}\n`);
};

export const recordedPackages = async (dirs: Pick<Dirs, 'state'>): Promise<readonly string[]> => {
  const text = await readIfExists(fileIn(dirs));
  return text === undefined ? [] : readJson(z.array(z.string()), text, fileIn(dirs));
};
