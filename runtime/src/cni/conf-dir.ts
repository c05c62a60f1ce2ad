/** Finds the network configuration in the configuration directory, as containerd and others do by convention. */
import {readdir, readFile} from 'node:fs/promises';
import {extname, join} from 'node:path';
import {errorCodeOf} from '../error-code.ts';
import {type Conflist, parseConflist, parseSinglePlugin} from './conflist.ts';
import {InvalidConfig} from './errors.ts';

/** The first file in the order of names counts. `undefined`: there is none. */
export const readConfDir = async (dir: string): Promise<Conflist | undefined> => {
  // The extension is exact: `10-kni.conflist.tmp` is someone's file in the making.
  const files = (await namesIn(dir)).filter((name) => parsers.has(extname(name))).sort();
  for (const file of files) {
    const text = await textOf(join(dir, file));
    if (text === undefined) continue;
    try {
      return parsers.get(extname(file))?.(text);
    } catch (error) {
      if (!(error instanceof InvalidConfig)) throw error;
      throw new InvalidConfig(`${join(dir, file)} ${error.message}`, {cause: error.cause});
    }
  }
  return undefined;
};

const parsers: ReadonlyMap<string, (text: string) => Conflist> = new Map([
  ['.conflist', parseConflist],
  ['.conf', parseSinglePlugin],
  ['.json', parseSinglePlugin],
]);

const namesIn = async (dir: string): Promise<string[]> => {
  try {
    return await readdir(dir);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw new InvalidConfig(`${dir} cannot be read`, {cause: error});
  }
};

const textOf = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined; // removed since it was listed
    throw new InvalidConfig(`${path} cannot be read`, {cause: error});
  }
};
