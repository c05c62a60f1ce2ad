/** Finds plugins in the directories of CNI_PATH. */
import {stat} from 'node:fs/promises';
import {join} from 'node:path';
import type {Conflist} from './conflist.ts';

/** The first regular file of that name. */
export const findPlugin = async (binDirs: readonly string[], type: string): Promise<string | undefined> => {
  for (const dir of binDirs) {
    const file = join(dir, type);
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile()) return file;
  }
  return undefined;
};

/** The first plugin of the lists, delegated IPAM plugins included, that is not installed. */
export const missingPlugin = async (
  binDirs: readonly string[],
  lists: readonly Conflist[],
): Promise<string | undefined> => {
  const plugins = lists.flatMap((list) => list.plugins);
  const types = plugins.flatMap(({type, ipamType}) => (ipamType === undefined ? [type] : [type, ipamType]));
  for (const type of types) if (!(await findPlugin(binDirs, type))) return type;
  return undefined;
};
