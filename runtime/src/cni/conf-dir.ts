/** Finds network configurations in the configuration directory, as containerd and libcni do by convention. */
import {readdir, readFile} from 'node:fs/promises';
import {extname, join} from 'node:path';
import {errorCodeOf} from '../error-code.ts';
import {objectOf} from '../json.ts';
import {type Conflist, folderOfPlugins, parseConflist, parseSinglePlugin} from './conflist.ts';
import {InvalidConfig} from './errors.ts';

/** The first file in the order of names counts. `undefined`: there is none. */
export const readConfDir = async (dir: string): Promise<Conflist | undefined> => {
  for (const file of await filesIn(dir, ['.conflist', '.conf', '.json'])) {
    const text = await textOf(join(dir, file));
    if (text !== undefined) return await parseFile(dir, file, text);
  }
  return undefined;
};

/**
 * The network of that name. The order is libcni's: all lists come before all single plugins. What is broken in other
 * networks' files, or cannot be told to be of this one, does not matter here.
 */
export const findNetwork = async (dir: string, name: string): Promise<Conflist | undefined> => {
  for (const extensions of [['.conflist'], ['.conf', '.json']]) {
    for (const file of await filesIn(dir, extensions)) {
      const text = await textOf(join(dir, file)).catch(() => undefined);
      if (text !== undefined && nameIn(text) === name) return await parseFile(dir, file, text);
    }
  }
  return undefined;
};

/** The extension is exact: `10-kni.conflist.tmp` is someone's file in the making. */
const filesIn = async (dir: string, extensions: readonly string[]): Promise<string[]> =>
  (await namesIn(dir)).filter((name) => extensions.includes(extname(name))).sort();

const parseFile = async (dir: string, file: string, text: string): Promise<Conflist> => {
  try {
    return extname(file) === '.conflist' ? await parseList(dir, text) : parseSinglePlugin(text);
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    throw new InvalidConfig(`${join(dir, file)} ${error.message}`, {cause: error.cause});
  }
};

/** CNI spec, section 1, "loadOnlyInlinedPlugins": further plugins lie in a folder of the network's name. */
const parseList = async (dir: string, text: string): Promise<Conflist> => {
  const name = folderOfPlugins(text);
  if (name === undefined) return parseConflist(text);
  const folder = join(dir, name);
  const files = await filesIn(folder, ['.conf']);
  const texts = await Promise.all(files.map((file) => textOf(join(folder, file))));
  return parseConflist(
    text,
    texts.filter((each) => each !== undefined),
  );
};

const nameIn = (text: string): unknown => {
  try {
    return objectOf(JSON.parse(text))['name'];
  } catch {
    return undefined;
  }
};

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
