/** Finds networks that other container runtimes use on this node, because attachments without a record may be theirs. */
import {readdirSync, readFileSync} from 'node:fs';
import {extname, join} from 'node:path';
import {errorCodeOf} from '../lib/error-code.ts';
import {objectOf, stringOf} from '../lib/json.ts';
import {slices} from '../lib/slices.ts';
import type {NetworksOfOthers} from '../network/orphans.ts';

export interface ForeignDirectories {
  /** The CNI configuration of the container runtime. */
  readonly confDir: string;
  /** libcni's cache of attachments. */
  readonly cacheDir: string;
}

/** Subdirectories of the cache: libcni since 0.8, libcni 0.7, Multus. */
const cacheDirs = ['results', 'cache', 'cache/results', 'multus/results'];

/** Rejects with the system's error if a directory or a configuration file cannot be read. */
export const findNetworksOfOthers = async ({
  confDir,
  cacheDir,
}: ForeignDirectories): Promise<NetworksOfOthers> => {
  const names = new Set<string>();
  const invalidTexts: string[] = [];
  for (const file of filesIn(confDir)) {
    if (!['.conflist', '.conf', '.json'].includes(extname(file))) continue;
    const text = readIfPresent(join(confDir, file));
    if (text !== undefined && !addNames(text, names)) invalidTexts.push(text);
  }
  const unnamedFiles: string[] = [];
  for (const dir of cacheDirs.map((each) => join(cacheDir, each)))
    for await (const some of slices(filesIn(dir)))
      for (const file of some) {
        const name = cachedNetwork(join(dir, file));
        if (name === undefined) unnamedFiles.push(file);
        else names.add(name);
      }
  return {
    has: (name) =>
      names.has(name) ||
      invalidTexts.some((text) => text.includes(JSON.stringify(name))) ||
      unnamedFiles.some((file) => file.startsWith(`${name}-`)),
  };
};

/** Collects names at any depth, because Multus nests its delegates. Returns false for invalid JSON. */
const addNames = (text: string, names: Set<string>): boolean => {
  try {
    JSON.parse(text, (key, value: unknown) => {
      if (['name', 'clusterNetwork'].includes(key) && typeof value === 'string') names.add(value);
      return value;
    });
    return true;
  } catch {
    return false;
  }
};

/** Undefined for files before libcni 0.8: those hold only a result and are named NETWORK-SANDBOX-INTERFACE. */
const cachedNetwork = (path: string): string | undefined => {
  try {
    return stringOf(objectOf(JSON.parse(readFileSync(path, 'utf8')))['networkName']);
  } catch {
    return undefined;
  }
};

const filesIn = (dir: string): string[] => {
  try {
    return readdirSync(dir, {withFileTypes: true}).flatMap((entry) =>
      entry.isDirectory() ? [] : [entry.name],
    );
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCodeOf(error) ?? '')) return [];
    throw error;
  }
};

/** Undefined if the file was removed meanwhile or is a link to a directory. */
const readIfPresent = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'EISDIR'].includes(errorCodeOf(error) ?? '')) return undefined;
    throw error;
  }
};
