/** Clears away netns and addresses that no record stands for. */
import {listLeases, releaseLease} from '../cni/leases.ts';
import {type Log, textOf} from '../log.ts';
import type {NetnsDir} from '../netns/netns-dir.ts';
import {isUndone} from './record.ts';
import type {RecordIndex} from './record-index.ts';

interface Parts {
  readonly records: RecordIndex;
  readonly log: Log;
}

/** Returns the paths of the netns that were removed. */
export const removeOwnerless = async ({
  netns,
  records,
  log,
}: Parts & {readonly netns: NetnsDir}): Promise<string[]> => {
  const removed: string[] = [];
  for (const path of await netns.list()) {
    if (records.byNetns(path)) continue;
    try {
      await netns.remove(path);
      removed.push(path);
      log.info('removed a netns without record', {netns: path});
    } catch (error) {
      log.warn('cannot remove a netns without record', {netns: path, error: textOf(error)});
    }
  }
  return removed;
};

/** Returns the addresses that were released. Only in host-local's directory of our own: others share the usual one. */
export const releaseOwnerless = async ({
  ipamDir,
  records,
  log,
}: Parts & {readonly ipamDir: string}): Promise<string[]> => {
  const released: string[] = [];
  for (const lease of await listLeases(ipamDir)) {
    const owner = records.bySandbox(lease.sandbox);
    if (owner && !isUndone(owner)) continue;
    const fields = {network: lease.network, ip: lease.ip, sandbox: lease.sandbox};
    try {
      await releaseLease(lease);
      released.push(lease.ip);
      log.info('released an address without owner', fields);
    } catch (error) {
      log.warn('cannot release an address', {...fields, error: textOf(error)});
    }
  }
  return released;
};
