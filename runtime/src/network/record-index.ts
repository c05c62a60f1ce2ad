/** Finds records by what callers know of them. */
import {podNameOf} from './pod-ref.ts';
import {primaryIpsOf} from './primary-ips.ts';
import {isUnsettled, type PodNetworkRecord} from './record.ts';
import type {SelectableIndex} from './select.ts';

export interface RecordIndex extends SelectableIndex<PodNetworkRecord> {
  all(): Iterable<PodNetworkRecord>;
  get(key: string): PodNetworkRecord | undefined;
  /** Those that are attaching, detaching or pending, with or without a call in progress. */
  unsettled(): readonly PodNetworkRecord[];
  /** Those with this address on eth0. */
  byPrimaryIp(ip: string): readonly PodNetworkRecord[];
}

export interface WritableIndex extends RecordIndex {
  set(record: PodNetworkRecord): void;
  delete(key: string): void;
}

/** Sandbox and netns are looked up for every call and log line. For the rest, a search through all records is fast enough. */
export const createRecordIndex = (records: Iterable<PodNetworkRecord> = []): WritableIndex => {
  const byKey = new Map<string, PodNetworkRecord>();
  const bySandbox = new Map<string, PodNetworkRecord>();
  const byNetns = new Map<string, PodNetworkRecord>();
  const primaryIps = new Map<string, readonly string[]>();

  const remove = (key: string): void => {
    const record = byKey.get(key);
    if (record?.sandbox !== undefined) bySandbox.delete(record.sandbox);
    if (record) byNetns.delete(record.netns);
    primaryIps.delete(key);
  };
  const set = (record: PodNetworkRecord): void => {
    const {key, sandbox, netns} = record;
    remove(key);
    byKey.set(key, record);
    if (sandbox !== undefined) bySandbox.set(sandbox, record);
    byNetns.set(netns, record);
  };
  for (const record of records) set(record);

  /** Computed on demand: a start does not need the addresses. */
  const ipsOf = (record: PodNetworkRecord): readonly string[] => {
    const ips = primaryIps.get(record.key) ?? primaryIpsOf(record);
    primaryIps.set(record.key, ips);
    return ips;
  };

  const filtered = (matches: (record: PodNetworkRecord) => boolean) => [...byKey.values()].filter(matches);
  return {
    all: () => byKey.values(),
    get: (key) => byKey.get(key),
    bySandbox: (sandbox) => bySandbox.get(sandbox),
    byNetns: (netns) => byNetns.get(netns),
    ofPod: (pod) => {
      const name = podNameOf(pod);
      return filtered((record) => (pod.uid ? record.pod.uid === pod.uid : podNameOf(record.pod) === name));
    },
    unsettled: () => filtered(isUnsettled),
    byPrimaryIp: (ip) => filtered((record) => ipsOf(record).includes(ip)),
    set,
    delete: (key) => {
      remove(key);
      byKey.delete(key);
    },
  };
};
