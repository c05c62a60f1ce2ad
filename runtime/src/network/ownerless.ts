/** Clears away netns and addresses that no record stands for. */
import {listLeases, releaseLease} from '../cni/leases.ts';
import {type Log, textOf} from '../log.ts';
import {keyOfNetnsPath, type NetnsDir} from '../netns/netns-dir.ts';
import type {Claims} from './claims.ts';
import type {RecordIndex} from './record-index.ts';

/** Returns the paths of the netns that were removed. */
export const removeOwnerless = async ({
  netns,
  records,
  log,
}: {
  readonly netns: NetnsDir;
  readonly records: RecordIndex;
  readonly log: Log;
}): Promise<string[]> => {
  const removed: string[] = [];
  for (const path of await netns.list()) {
    if (records.byNetns(path) || records.get(keyOfNetnsPath(netns.path, path) ?? '')) continue;
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
export const releaseOwnerless = async (
  {ipamDir, log}: {readonly ipamDir: string; readonly log: Log},
  {sandboxes}: Claims,
): Promise<string[]> => {
  const released: string[] = [];
  for (const lease of await listLeases(ipamDir)) {
    if (sandboxes.has(lease.sandbox)) continue;
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
