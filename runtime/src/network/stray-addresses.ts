/** Finds the addresses of pods whose records and leases were lost. No other pod may get them. */
import {slices} from '../lib/slices.ts';
import {errorText, type Log} from '../log.ts';
import type {NetnsDir} from '../netns/netns-dir.ts';
import {primaryInterface} from './primary-ips.ts';
import type {RecordIndex} from './record-index.ts';

export interface StrayAddresses {
  /** The path of the netns without a record that has this address on eth0. */
  readonly holderOf: (ip: string) => Promise<string | undefined>;
}

export interface StrayAddressesParts {
  readonly netns: Pick<NetnsDir, 'mounted' | 'exists'>;
  readonly records: RecordIndex;
  readonly inDoubt: () => Promise<boolean>;
  /** The addresses of an interface in a netns. */
  readonly addressesIn: (path: string, ifName: string) => Promise<readonly string[]>;
  readonly log: Log;
}

/**
 * Reads the addresses once, at the first query: records are lost before a start, not while the runtime runs. After an error,
 * such as a shortage of descriptors, the next query reads them.
 */
export const createStrayAddresses = (parts: StrayAddressesParts): StrayAddresses => {
  let addresses: Promise<ReadonlyMap<string, string>> | undefined;
  return {
    holderOf: async (ip) => {
      addresses ??= readAddresses(parts).catch((error: unknown) => {
        addresses = undefined;
        throw error;
      });
      const path = (await addresses).get(ip);
      return path !== undefined && parts.netns.exists(path) ? path : undefined;
    },
  };
};

const readAddresses = async ({
  netns,
  records,
  inDoubt,
  addressesIn,
  log,
}: StrayAddressesParts): Promise<ReadonlyMap<string, string>> => {
  const found = new Map<string, string>();
  if (!(await inDoubt())) return found;
  const strays = (await netns.mounted()).filter((path) => !records.byNetns(path));
  const readOne = async (path: string): Promise<void> => {
    try {
      for (const ip of await addressesIn(path, primaryInterface)) found.set(ip, path);
    } catch (error) {
      log.warn('cannot read the addresses of a netns without a record', {
        netns: path,
        error: errorText(error),
      });
    }
  };
  // In small batches, because plugins wait for the same process slots as these programs.
  for await (const some of slices(strays)) await Promise.all(some.map(readOne));
  return found;
};
