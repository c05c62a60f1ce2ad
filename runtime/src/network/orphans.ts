/** Finds and removes orphaned netns and addresses: those without a record. */
import {type Lease, listLeases, releaseLease} from '../cni/leases.ts';
import {errorText, type Log} from '../log.ts';
import type {NetnsDir} from '../netns/netns-dir.ts';
import {isUndone} from './record.ts';
import type {RecordIndex} from './record-index.ts';
import {recordOfNetns} from './record-of-netns.ts';

/** The networks that other container runtimes attach pods to. */
export interface NetworksOfOthers {
  readonly has: (name: string) => boolean;
}

export interface NetnsParts {
  readonly netns: NetnsDir;
  readonly records: RecordIndex;
}

/**
 * Returns the paths. Correct while pods come and go: a record is in memory from before its netns is created until the
 * netns is removed, and no path is reused.
 */
export const findOrphanedNetns = async ({netns, records}: NetnsParts): Promise<string[]> =>
  (await netns.list()).filter((path) => !recordOfNetns(records, netns.path, path));

/** Returns the paths of the removed netns. */
export const removeOrphanedNetns = async (parts: NetnsParts & {readonly log: Log}): Promise<string[]> => {
  const {netns, log} = parts;
  const removed: string[] = [];
  for (const path of await findOrphanedNetns(parts)) {
    try {
      await netns.remove(path);
      removed.push(path);
      log.info('removed an orphaned netns', {netns: path});
    } catch (error) {
      log.warn('cannot remove an orphaned netns', {netns: path, error: errorText(error)});
    }
  }
  return removed;
};

export interface LeaseParts {
  readonly ipamDir: string;
  readonly records: RecordIndex;
}

/** Only in our own host-local directory, and without the networks that other container runtimes use, too. */
export const findOrphanedLeases = async (
  {ipamDir, records}: LeaseParts,
  ofOthers: NetworksOfOthers,
): Promise<Lease[]> => {
  const leases = (await listLeases(ipamDir)).filter(({network}) => !ofOthers.has(network));
  const orphans = new Set(leases.map(({sandbox}) => sandbox));
  for (const record of records.all()) if (!isUndone(record)) orphans.delete(record.sandbox ?? '');
  return leases.filter(({sandbox}) => orphans.has(sandbox));
};

/** Returns the released addresses. Nothing may be attached meanwhile, because a released address is leased again at once. */
export const releaseLeases = async (leases: readonly Lease[], log: Log): Promise<string[]> => {
  const released: string[] = [];
  for (const lease of leases) {
    const fields = {network: lease.network, ip: lease.ip, sandbox: lease.sandbox};
    try {
      if (!(await releaseLease(lease))) continue;
      released.push(lease.ip);
      log.info('released an address', fields);
    } catch (error) {
      log.warn('cannot release an address', {...fields, error: errorText(error)});
    }
  }
  return released;
};
