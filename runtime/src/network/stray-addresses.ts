/** The addresses of pods whose records and leases were lost: they must not be given to another pod. */

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

/** Looks once, when it is first asked: records are lost before a start, not while the runtime runs. */
export const createStrayAddresses = (parts: StrayAddressesParts): StrayAddresses => {
  let looked: Promise<ReadonlyMap<string, string>> | undefined;
  return {
    holderOf: async (ip) => {
      looked ??= look(parts);
      const path = (await looked).get(ip);
      return path !== undefined && parts.netns.exists(path) ? path : undefined;
    },
  };
};

const look = async ({
  netns,
  records,
  inDoubt,
  addressesIn,
  log,
}: StrayAddressesParts): Promise<ReadonlyMap<string, string>> => {
  const found = new Map<string, string>();
  if (!(await inDoubt())) return found;
  const strays = (await netns.mounted()).filter((path) => !records.byNetns(path));
  for await (const some of slices(strays))
    await Promise.all(
      some.map(async (path) => {
        try {
          for (const ip of await addressesIn(path, primaryInterface)) found.set(ip, path);
        } catch (error) {
          log.warn('cannot read the addresses of a netns without a record', {
            netns: path,
            error: errorText(error),
          });
        }
      }),
    );
  return found;
};
