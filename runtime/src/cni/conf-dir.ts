/**
 * Finds network configurations in the configuration directory, as containerd and libcni do by convention. At once: every
 * attach looks there, and for a few small files promises take five times as long.
 */
import {type Dirent, readdirSync, readFileSync} from 'node:fs';
import {extname, join} from 'node:path';
import {errorCodeOf, systemReasonOf} from '../lib/error-code.ts';
import {objectOf} from '../lib/json.ts';
import {type Conflist, folderOfPlugins, parseConflist, parseSinglePlugin} from './conflist.ts';
import {InvalidConfig} from './errors.ts';

/** The first file in the order of names counts. `undefined`: there is none. */
export const readConfDir = (dir: string): Conflist | undefined => {
  for (const file of filesIn(dir, ['.conflist', '.conf', '.json'])) {
    const text = textOf(join(dir, file));
    if (text !== undefined) return parseFile(dir, file, text);
  }
  return undefined;
};

/**
 * The network of that name. The order is libcni's: all lists come before all single plugins. What is broken in other
 * networks' files, or cannot be told to be of this one, does not matter here.
 */
export const findNetwork = (dir: string, name: string): Conflist | undefined => {
  for (const extensions of [['.conflist'], ['.conf', '.json']]) {
    for (const file of filesIn(dir, extensions)) {
      const text = readable(join(dir, file));
      if (text !== undefined && nameIn(text) === name) return parseFile(dir, file, text);
    }
  }
  return undefined;
};

/** The extension is exact: `10-kni.conflist.tmp` is someone's file in the making. Skips directories, sockets and pipes. */
const filesIn = (dir: string, extensions: readonly string[]): string[] =>
  entriesOf(dir)
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map(({name}) => name)
    .filter((name) => extensions.includes(extname(name)))
    .sort();

const parseFile = (dir: string, file: string, text: string): Conflist => {
  try {
    return extname(file) === '.conflist' ? parseList(dir, text) : parseSinglePlugin(text);
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    throw new InvalidConfig(`${join(dir, file)} ${error.message}`, {cause: error.cause});
  }
};

/** CNI spec, section 1, "loadOnlyInlinedPlugins": further plugins lie in a folder of the network's name. */
const parseList = (dir: string, text: string): Conflist => {
  const name = folderOfPlugins(text);
  if (name === undefined) return parseConflist(text);
  const folder = join(dir, name);
  const texts = filesIn(folder, ['.conf']).map((file) => textOf(join(folder, file)));
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

const entriesOf = (dir: string): Dirent[] => {
  try {
    return readdirSync(dir, {withFileTypes: true});
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw unreadable(dir, error);
  }
};

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'ENOENT') return undefined; // removed since it was listed
    if (code === 'EISDIR') return undefined; // a symbolic link to a directory, or replaced by one
    throw unreadable(path, error);
  }
};

/** The node's status shows the message alone. */
const unreadable = (path: string, error: unknown): InvalidConfig =>
  new InvalidConfig(`cannot read ${path}: ${systemReasonOf(error) ?? 'unknown error'}`, {cause: error});

const readable = (path: string): string | undefined => {
  try {
    return textOf(path);
  } catch {
    return undefined;
  }
};
