/**
 * Finds network configurations in the configuration directory by the conventions of containerd and libcni. Reads
 * synchronously: every attach reads these few small files, and promises would take five times as long.
 */
import {type Dirent, readdirSync, readFileSync} from 'node:fs';
import {extname, join} from 'node:path';
import {errorCodeOf, systemReasonOf} from '../lib/error-code.ts';
import {objectOf} from '../lib/json.ts';
import {createReadPaths, type ReadPaths} from '../lib/unchanged.ts';
import {type Conflist, folderOfPlugins, parseConflist, parseSinglePlugin} from './conflist.ts';
import {InvalidConfig} from './errors.ts';

/** The configuration in the first file by name; undefined without any file. `paths` gets every path that was read. */
export const readConfDir = (dir: string, paths?: ReadPaths): Conflist | undefined => {
  for (const file of filesIn(dir, ['.conflist', '.conf', '.json'], paths)) {
    const text = readIfPresent(join(dir, file), paths);
    if (text !== undefined) return parseFile(dir, file, text, paths);
  }
  return undefined;
};

/** Returns a `readConfDir` that reads and parses only what has changed. Errors are not cached. */
export const createConfDirReader = (dir: string): (() => Conflist | undefined) => {
  let last: {readonly paths: ReadPaths; readonly list: Conflist | undefined} | undefined;
  return () => {
    if (last?.paths.areUnchanged()) return last.list;
    last = undefined;
    const paths = createReadPaths();
    last = {paths, list: readConfDir(dir, paths)};
    return last.list;
  };
};

/**
 * The network with this name. As in libcni, all lists come before all single plugins. Broken or unreadable files are
 * skipped, since they may belong to other networks.
 */
export const findNetwork = (dir: string, name: string): Conflist | undefined => {
  for (const extensions of [['.conflist'], ['.conf', '.json']]) {
    for (const file of filesIn(dir, extensions)) {
      const text = readIfPossible(join(dir, file));
      if (text !== undefined && nameIn(text) === name) return parseFile(dir, file, text);
    }
  }
  return undefined;
};

/** The extension must match exactly: `10-kni.conflist.tmp` is still being written. Skips directories, sockets and pipes. */
const filesIn = (dir: string, extensions: readonly string[], paths?: ReadPaths): string[] =>
  entriesOf(dir, paths)
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map(({name}) => name)
    .filter((name) => extensions.includes(extname(name)))
    .sort();

const parseFile = (dir: string, file: string, text: string, paths?: ReadPaths): Conflist => {
  try {
    return extname(file) === '.conflist' ? parseList(dir, text, paths) : parseSinglePlugin(text);
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    throw new InvalidConfig(`${join(dir, file)} ${error.message}`, {cause: error.cause});
  }
};

/** CNI spec, section 1, "loadOnlyInlinedPlugins": a folder with the name of the network may hold further plugins. */
const parseList = (dir: string, text: string, paths?: ReadPaths): Conflist => {
  const name = folderOfPlugins(text);
  if (name === undefined) return parseConflist(text);
  const folder = join(dir, name);
  const texts = filesIn(folder, ['.conf'], paths).map((file) => readIfPresent(join(folder, file), paths));
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

const entriesOf = (dir: string, paths?: ReadPaths): Dirent[] => {
  paths?.add(dir);
  try {
    return readdirSync(dir, {withFileTypes: true});
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw unreadable(dir, error);
  }
};

const readIfPresent = (path: string, paths?: ReadPaths): string | undefined => {
  paths?.add(path);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'ENOENT') return undefined; // removed since it was listed
    if (code === 'EISDIR') return undefined; // a symbolic link to a directory, or replaced by one
    throw unreadable(path, error);
  }
};

/** The message includes the reason, because the node's status shows no cause. */
const unreadable = (path: string, error: unknown): InvalidConfig =>
  new InvalidConfig(`cannot read ${path}: ${systemReasonOf(error) ?? 'unknown error'}`, {cause: error});

const readIfPossible = (path: string): string | undefined => {
  try {
    return readIfPresent(path);
  } catch {
    return undefined;
  }
};
