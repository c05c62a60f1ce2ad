/** The marker file of a cache or state directory: without it, down --purge does not delete the directory. */

import {lstat, readlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {UserError} from '../errors.ts';
import {makeDirectory} from '../make-directory.ts';
import {errorCodeOf} from '../thrown.ts';
import {type Dirs, lockName} from './dirs.ts';
import {exists, namesIn} from './files.ts';

export const markerName = '.kni-demo';
const text = 'kni-demo made this directory. `kni-demo down --purge` deletes it with all that is in it.\n';

/** The layout of directories made by kni-demo 0.1.0, which wrote no marker. A pattern describes the names in an entry. */
const layouts: Readonly<Record<'cache' | 'state', Readonly<Record<string, RegExp | undefined>>>> = {
  cache: {
    apt: /^[a-z]+$/,
    artifacts: /^\.?[a-z-]+-[0-9a-f]{16}(\.scratch-.*)?$/,
    'engine-data': undefined,
    git: /-source$/,
    'go-build': undefined,
    'go-build-runtime': undefined,
    // Written by the integration tests: does not prove who made the directory.
    test: undefined,
    tools: /^(engine|kind)$/,
  },
  state: {
    clusters: undefined,
    'dockerd.log': undefined,
    'dockerd.pid': undefined,
    logs: /^(build|host|init|setup|verify)$/,
  },
};

type Kind = keyof typeof layouts;

/** Marks new directories, and those of kni-demo 0.1.0. A directory with other content stays unmarked. */
export const markDirectories = async (dirs: Pick<Dirs, Kind>): Promise<void> => {
  for (const kind of ['cache', 'state'] as const) {
    const directory = dirs[kind];
    makeDirectory(directory);
    const names = await entriesOf(directory);
    if (names.length > 0 && !(await isOurLayout(kind, directory, names))) continue;
    await writeFile(join(directory, markerName), text, {flag: 'wx'}).catch((error: unknown) => {
      if (errorCodeOf(error) !== 'EEXIST') throw error;
    });
  }
};

/** Throws UserError when the directory is a symbolic link, or exists and was not made by kni-demo. */
export const requireOurDirectory = async (dirs: Pick<Dirs, Kind>, kind: Kind): Promise<void> => {
  const directory = dirs[kind];
  const link = await linkAt(directory);
  if (link !== undefined) {
    throw refusal(kind, {
      directory,
      why: `it is a symbolic link to ${link}, and only the link would be removed`,
      tryThis: `remove the content yourself, and then the link: rm ${directory}`,
    });
  }
  const names = await entriesOf(directory);
  if (names.length === 0 || names.includes(markerName) || (await isOurLayout(kind, directory, names))) return;
  throw refusal(kind, {
    directory,
    why: `kni-demo did not make it: it has no file ${markerName}, and it contains ${names.slice(0, 5).join(', ')}`,
    tryThis: 'remove it yourself, or use --all instead of --purge',
  });
};

/** Leaves out the lock file, which every command creates first. */
const entriesOf = async (directory: string): Promise<string[]> =>
  (await namesIn(directory)).filter((name) => name !== lockName);

const refusal = (
  kind: Kind,
  {directory, why, tryThis}: {readonly directory: string; readonly why: string; readonly tryThis: string},
): UserError =>
  new UserError({
    what: `cannot remove the ${kind} directory ${directory}`,
    why,
    tryThis,
    code: 'KNI-E215',
  });

const linkAt = async (path: string): Promise<string | undefined> => {
  const stat = await lstat(path).catch((error: unknown) => {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  return stat?.isSymbolicLink() ? readlink(path) : undefined;
};

const isOurLayout = async (kind: Kind, directory: string, names: readonly string[]): Promise<boolean> => {
  const layout = layouts[kind];
  if (!names.some((name) => name !== 'test')) return false;
  for (const name of names) {
    if (!Object.hasOwn(layout, name)) return false;
    const inside = layout[name];
    if (inside === undefined || !(await exists(join(directory, name)))) continue;
    if (!(await namesIn(join(directory, name))).every((each) => inside.test(each))) return false;
  }
  return true;
};
