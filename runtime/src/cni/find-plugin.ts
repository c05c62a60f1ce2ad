/** Finds plugins in the directories of CNI_PATH. */
import {statSync} from 'node:fs';
import {join} from 'node:path';
import type {Conflist} from './conflist.ts';

/** The path of the first regular file with this name. */
export const findPlugin = (binDirs: readonly string[], type: string): string | undefined =>
  binDirs.map((dir) => join(dir, type)).find(isFile);

const isFile = (path: string): boolean => {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

/** The first plugin or IPAM plugin of the lists that is not installed. */
export const missingPlugin = (binDirs: readonly string[], lists: readonly Conflist[]): string | undefined => {
  const plugins = lists.flatMap((list) => list.plugins);
  const types = plugins.flatMap(({type, ipamType}) => (ipamType === undefined ? [type] : [type, ipamType]));
  return types.find((type) => findPlugin(binDirs, type) === undefined);
};

/** A text that changes when an executable of the list is replaced, installed or removed. */
export const filesOfPlugins = (binDirs: readonly string[], {plugins}: Conflist): string =>
  plugins
    .flatMap(({type, ipamType}) => (ipamType === undefined ? [type] : [type, ipamType]))
    .map((type) => {
      const file = findPlugin(binDirs, type);
      const stat = file && statSync(file, {throwIfNoEntry: false});
      return stat ? [file, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(' ') : type;
    })
    .join('\n');
