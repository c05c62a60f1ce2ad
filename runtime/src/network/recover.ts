/**
 * Reconciles the records with the netns and the leases of host-local, before anyone is served: after a crash or a node
 * restart (/run is empty then, /var is not). Whether a netns still has its interfaces, and whether a kubelet still
 * knows the pod, is not looked at.
 */
import {listLeases, releaseLease} from '../cni/leases.ts';
import {type Log, textOf} from '../log.ts';
import {keyOfNetnsPath, type NetnsDir} from '../netns/netns-dir.ts';
import {podNameOf} from './pod-ref.ts';
import {isUndone, type PodNetwork} from './record.ts';
import type {RecordStore} from './record-store.ts';

export interface RecoverParts {
  readonly store: RecordStore;
  readonly netns: NetnsDir;
  /** `dataDir` of host-local. */
  readonly ipamDir: string;
  readonly log: Log;
}

/** Returns the records that still stand. What has to be undone by plugins is left to `sweep`, which may take longer. */
export const recover = async (parts: RecoverParts): Promise<PodNetwork[]> => {
  const {store, netns, log} = parts;
  const {records, quarantined} = await store.load();
  for (const key of quarantined) log.warn('a record cannot be read and is kept aside', {record: key});
  const standing: PodNetwork[] = [];
  for (const record of records) {
    const stands = await netnsOrUndo(record, parts);
    if (stands) standing.push(stands);
  }
  const known = new Set([...standing.map(({key}) => key), ...quarantined]);
  for (const path of await netns.list()) {
    const key = keyOfNetnsPath(netns.path, path);
    if (key !== undefined && known.has(key)) continue;
    await netns.remove(path).then(
      () => log.info('removed a netns without record', {netns: path}),
      (error: unknown) =>
        log.warn('cannot remove a netns without record', {netns: path, error: textOf(error)}),
    );
  }
  const unread = new Set(quarantined);
  const doubt = (await netns.list()).some((path) => unread.has(keyOfNetnsPath(netns.path, path) ?? ''));
  // One of the leases may be that of a record that cannot be read, whose pod still runs.
  if (!doubt) await releaseOwnerless(standing, parts);
  return standing;
};

/** A network whose netns is gone has nothing to offer: it is dropped, or undone when plugins have been at work. */
const netnsOrUndo = async (
  record: PodNetwork,
  {store, netns, log}: RecoverParts,
): Promise<PodNetwork | undefined> => {
  if (await netns.exists(record.netns)) return record;
  const fields = {
    pod: podNameOf(record.pod),
    uid: record.pod.uid,
    sandbox: record.sandbox,
    netns: record.netns,
  };
  if (!isUndone(record)) {
    log.info('the netns is gone, its network will be undone', fields);
    return {...record, state: 'detaching'};
  }
  log.info('the netns is gone, its record is dropped', fields);
  await store.remove(record.key);
  return undefined;
};

const releaseOwnerless = async (
  records: readonly PodNetwork[],
  {ipamDir, log}: RecoverParts,
): Promise<void> => {
  const owners = new Set(records.flatMap((record) => (isUndone(record) ? [] : [record.sandbox])));
  for (const lease of await listLeases(ipamDir)) {
    if (owners.has(lease.sandbox)) continue;
    const fields = {network: lease.network, ip: lease.ip, sandbox: lease.sandbox};
    await releaseLease(lease).then(
      () => log.info('released an address without owner', fields),
      (error: unknown) => log.warn('cannot release an address', {...fields, error: textOf(error)}),
    );
  }
};
