/** A directory that should hold a component's sources: a checkout or an unpacked tarball. It is only read. */

import {readdir, readFile, stat} from 'node:fs/promises';
import {basename, dirname, join, relative} from 'node:path';
import {exists} from '../cache/files.ts';
import {UserError} from '../errors.ts';
import {exitCodes} from '../exit-codes.ts';
import {errorCodeOf} from '../thrown.ts';
import {linesOf} from './hunk.ts';

const modules: Readonly<Record<string, RegExp>> = {
  kubernetes: /^module k8s\.io\/kubernetes$/m,
  containerd: /^module github\.com\/containerd\/containerd(?:\/v\d+)?$/m,
};

/** Rejects with UserError (exit code `badInput`) for anything else than the sources of the component. */
export const requireSourceTree = async (directory: string, component: string): Promise<void> => {
  const why = await whyNot(directory, modules[component] ?? /^module /m, component);
  if (why === undefined) return;
  throw new UserError({
    what: `${directory} is no source tree of ${component}`,
    why,
    tryThis: `name the directory of a checkout or an unpacked release of ${component} with --onto`,
    exitCode: exitCodes.badInput,
  });
};

const whyNot = async (directory: string, module: RegExp, component: string): Promise<string | undefined> => {
  try {
    if (!(await stat(directory)).isDirectory()) return 'it is no directory';
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCodeOf(error) ?? '')) return 'there is no such directory';
    throw error;
  }
  try {
    const found = await readFile(join(directory, 'go.mod'), 'utf8');
    return module.test(found) ? undefined : `its go.mod is not that of ${component}`;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return 'it holds no go.mod';
    throw error;
  }
};

export interface Namesake {
  readonly path: string;
  readonly lines: readonly string[];
}

/** For each file that the tree has not, those of the same name that it has, in case it was moved: the likeliest first. */
export const namesakesIn = async (
  tree: string,
  missing: readonly string[],
): Promise<ReadonlyMap<string, readonly Namesake[]>> => {
  if (missing.length === 0) return new Map();
  const wanted = new Set(missing.map((path) => basename(path)));
  const entries = await readdir(tree, {recursive: true, withFileTypes: true});
  const found = entries
    .filter((entry) => entry.isFile() && wanted.has(entry.name))
    .map((entry) => relative(tree, join(entry.parentPath, entry.name)));
  return new Map(
    await Promise.all(missing.map(async (path) => [path, await likeliest(tree, path, found)] as const)),
  );
};

const likeliest = async (
  tree: string,
  path: string,
  found: readonly string[],
): Promise<readonly Namesake[]> => {
  const ranked = found
    .filter((other) => basename(other) === basename(path) && isVendored(other) === isVendored(path))
    .sort((one, other) => commonEnd(path, other) - commonEnd(path, one) || one.localeCompare(other))
    .slice(0, 5);
  return Promise.all(
    ranked.map(async (other) => ({
      path: other,
      lines: linesOf(await readFile(join(tree, other), 'latin1')),
    })),
  );
};

const isVendored = (path: string): boolean => path.split('/').includes('vendor');

/** How many parts of two paths are the same, from the end. */
const commonEnd = (one: string, other: string): number => {
  const [a, b] = [one.split('/').reverse(), other.split('/').reverse()];
  const differs = a.findIndex((part, index) => part !== b[index]);
  return differs === -1 ? a.length : differs;
};

/** Those of the files whose folder the tree has not: what is made there may belong elsewhere now. */
export const homelessIn = async (tree: string, paths: readonly string[]): Promise<ReadonlySet<string>> => {
  const homes = await Promise.all(paths.map((path) => exists(join(tree, dirname(path)))));
  return new Set(paths.filter((_, index) => !homes[index]));
};
