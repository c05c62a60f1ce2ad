/** Finds the networks that other container runtimes use on this node. Attachments without a record there may be theirs. */
import {readdirSync, readFileSync} from 'node:fs';
import {extname, join} from 'node:path';
import {errorCodeOf} from '../lib/error-code.ts';
import {objectOf, stringOf} from '../lib/json.ts';
import {slices} from '../lib/slices.ts';
import type {NetworksOfOthers} from '../network/orphans.ts';

export interface PlacesOfOthers {
  /** Where the container runtime has its network configuration. */
  readonly confDir: string;
  /** Where libcni keeps what it has attached. */
  readonly cacheDir: string;
}

/** Below the cache directory: of libcni since 0.8, of libcni 0.7, and of Multus. */
const cacheDirs = ['results', 'cache', 'cache/results', 'multus/results'];

/** Rejects with the system's error if a directory or a configuration file cannot be read. */
export const findNetworksOfOthers = async ({
  confDir,
  cacheDir,
}: PlacesOfOthers): Promise<NetworksOfOthers> => {
  const names = new Set<string>();
  const unclear: string[] = [];
  for (const file of filesIn(confDir)) {
    if (!['.conflist', '.conf', '.json'].includes(extname(file))) continue;
    const text = textOf(join(confDir, file));
    if (text !== undefined && !addNames(text, names)) unclear.push(text);
  }
  const nameless: string[] = [];
  for (const dir of cacheDirs.map((each) => join(cacheDir, each)))
    for await (const some of slices(filesIn(dir)))
      for (const file of some) {
        const name = cachedNetwork(join(dir, file));
        if (name === undefined) nameless.push(file);
        else names.add(name);
      }
  return {
    has: (name) =>
      names.has(name) ||
      unclear.some((text) => text.includes(JSON.stringify(name))) ||
      nameless.some((file) => file.startsWith(`${name}-`)),
  };
};

/** At any depth: Multus has the networks that it delegates to inside its own. False if that is not JSON. */
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

/** Of an entry of libcni's cache. Before version 0.8 it was the result alone, in a file named NETWORK-SANDBOX-INTERFACE. */
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

/** `undefined`: removed since it was listed, or a link to a directory. */
const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'EISDIR'].includes(errorCodeOf(error) ?? '')) return undefined;
    throw error;
  }
};
