/** Checks and searches a component's source tree: a checkout or an unpacked tarball. It is only read. */

import {readdir, readFile, stat} from 'node:fs/promises';
import {basename, join, relative} from 'node:path';
import {UserError} from '../errors.ts';
import {errorCodeOf} from '../thrown.ts';
import {linesOf} from './hunk.ts';

const modules: Readonly<Record<string, RegExp>> = {
  kubernetes: /^module k8s\.io\/kubernetes$/m,
  containerd: /^module github\.com\/containerd\/containerd(?:\/v\d+)?$/m,
};

/** Rejects with UserError (exit code `badInput`) unless the directory has the go.mod of the component. */
export const requireSourceTree = async (directory: string, component: string): Promise<void> => {
  const problem = await problemWith(directory, modules[component] ?? /^module /m, component);
  if (problem === undefined) return;
  throw new UserError({
    what: `${directory} is not a source tree of ${component}`,
    why: problem,
    tryThis: `pass a checkout or an unpacked release of ${component} with --onto`,
    code: 'KNI-E216',
  });
};

const problemWith = async (
  directory: string,
  module: RegExp,
  component: string,
): Promise<string | undefined> => {
  try {
    if (!(await stat(directory)).isDirectory()) return 'it is not a directory';
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCodeOf(error) ?? '')) return 'no such directory';
    throw error;
  }
  try {
    const found = await readFile(join(directory, 'go.mod'), 'utf8');
    return module.test(found) ? undefined : `its go.mod is not ${component}'s`;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return 'it has no go.mod';
    throw error;
  }
};

export interface Namesake {
  readonly path: string;
  readonly lines: readonly string[];
}

/** A missing file may have moved: finds files of the same name, the most similar paths first. */
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
    await Promise.all(missing.map(async (path) => [path, await mostSimilar(tree, path, found)] as const)),
  );
};

const mostSimilar = async (
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

/** The number of equal parts of two paths, from the end. */
const commonEnd = (one: string, other: string): number => {
  const [a, b] = [one.split('/').reverse(), other.split('/').reverse()];
  const differs = a.findIndex((part, index) => part !== b[index]);
  return differs === -1 ? a.length : differs;
};
