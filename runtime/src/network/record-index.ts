/** Finds records by what callers know of them, however many there are. */
import {type PodRef, podNameOf} from './pod-ref.ts';
import {primaryIpsOf} from './primary-ips.ts';
import {isUnsettled, type PodNetworkRecord} from './record.ts';

export interface RecordIndex {
  all(): Iterable<PodNetworkRecord>;
  get(key: string): PodNetworkRecord | undefined;
  bySandbox(sandbox: string): PodNetworkRecord | undefined;
  byNetns(netns: string): PodNetworkRecord | undefined;
  /** By uid where there is one, else by namespace and name; in the order in which they were created. */
  ofPod(pod: PodRef): readonly PodNetworkRecord[];
  /** Those that are attaching, detaching or pending, with or without a call in progress. */
  unsettled(): readonly PodNetworkRecord[];
  /** Those with this address on eth0. */
  byPrimaryIp(ip: string): readonly PodNetworkRecord[];
}

export interface WritableIndex extends RecordIndex {
  set(record: PodNetworkRecord): void;
  delete(key: string): void;
}

export const createRecordIndex = (records: Iterable<PodNetworkRecord> = []): WritableIndex => {
  const byKey = new Map<string, PodNetworkRecord>();
  const keyOfSandbox = new Map<string, string>();
  const keyOfNetns = new Map<string, string>();
  const keysOfUid: KeysByName = new Map();
  const keysOfName: KeysByName = new Map();
  /** Made when it is first needed: it takes the results of all records, which a start does not. */
  let keysOfIp: KeysByName | undefined;
  const unsettled = new Set<string>();

  const indexByIp = (): KeysByName => {
    const index: KeysByName = new Map();
    for (const [key, record] of byKey) for (const ip of primaryIpsOf(record)) addTo(index, ip, key);
    return index;
  };
  const updateIps = (
    key: string,
    before: PodNetworkRecord | undefined,
    after: PodNetworkRecord | undefined,
  ): void => {
    if (!keysOfIp) return;
    for (const ip of before ? primaryIpsOf(before) : []) removeFrom(keysOfIp, ip, key);
    for (const ip of after ? primaryIpsOf(after) : []) addTo(keysOfIp, ip, key);
  };
  const remove = (key: string): void => {
    const record = byKey.get(key);
    if (!record) return;
    if (record.sandbox !== undefined) keyOfSandbox.delete(record.sandbox);
    keyOfNetns.delete(record.netns);
    updateIps(key, record, undefined);
    removeFrom(keysOfUid, record.pod.uid, key);
    removeFrom(keysOfName, podNameOf(record.pod), key);
  };
  const set = (record: PodNetworkRecord): void => {
    const {key, sandbox, netns, pod} = record;
    const before = byKey.get(key);
    byKey.set(key, record);
    updateIps(key, before, record);
    if (isUnsettled(record)) unsettled.add(key);
    else unsettled.delete(key);
    if (before?.sandbox === sandbox && before?.netns === netns) return; // pods do not change
    if (before?.sandbox !== undefined) keyOfSandbox.delete(before.sandbox);
    if (sandbox !== undefined) keyOfSandbox.set(sandbox, key);
    keyOfNetns.set(netns, key);
    addTo(keysOfUid, pod.uid, key);
    addTo(keysOfName, podNameOf(pod), key);
  };
  for (const record of records) set(record);

  const get = (key: string | undefined) => (key === undefined ? undefined : byKey.get(key));
  return {
    all: () => byKey.values(),
    get,
    bySandbox: (sandbox) => get(keyOfSandbox.get(sandbox)),
    byNetns: (netns) => get(keyOfNetns.get(netns)),
    ofPod: (pod) => {
      const keys = pod.uid ? keysOfUid.get(pod.uid) : keysOfName.get(podNameOf(pod));
      return keysIn(keys).flatMap((key) => get(key) ?? []);
    },
    unsettled: () => [...unsettled].flatMap((key) => get(key) ?? []),
    byPrimaryIp: (ip) => {
      keysOfIp ??= indexByIp();
      return keysIn(keysOfIp.get(ip)).flatMap((key) => get(key) ?? []);
    },
    set,
    delete: (key) => {
      remove(key);
      byKey.delete(key);
      unsettled.delete(key);
    },
  };
};

/** Nearly every name has one key: a collection for each would be most of the memory. */
type KeysByName = Map<string, string | readonly string[]>;

const keysIn = (keys: string | readonly string[] = []): readonly string[] =>
  typeof keys === 'string' ? [keys] : keys;

const addTo = (keys: KeysByName, name: string, key: string): void => {
  const known = keys.get(name);
  if (known === undefined) keys.set(name, key);
  else if (!keysIn(known).includes(key)) keys.set(name, [...keysIn(known), key]);
};

const removeFrom = (keys: KeysByName, name: string, key: string): void => {
  const left = keysIn(keys.get(name)).filter((each) => each !== key);
  if (left.length === 0) keys.delete(name);
  else keys.set(name, left);
};
