/** Finds records by what callers know of them, however many there are. */
import type {PodRef} from './pod-ref.ts';
import {podNameOf} from './pod-ref.ts';
import type {PodNetwork} from './record.ts';

export interface RecordIndex {
  all(): Iterable<PodNetwork>;
  get(key: string): PodNetwork | undefined;
  bySandbox(sandbox: string): PodNetwork | undefined;
  byNetns(netns: string): PodNetwork | undefined;
  /** By uid where there is one, else by namespace and name; in the order in which they were created. */
  ofPod(pod: PodRef): readonly PodNetwork[];
}

export interface WritableIndex extends RecordIndex {
  set(record: PodNetwork): void;
  delete(key: string): void;
}

export const createRecordIndex = (records: Iterable<PodNetwork> = []): WritableIndex => {
  const byKey = new Map<string, PodNetwork>();
  const keyOfSandbox = new Map<string, string>();
  const keyOfNetns = new Map<string, string>();
  const keysOfUid: KeysByName = new Map();
  const keysOfName: KeysByName = new Map();

  const remove = (key: string): void => {
    const record = byKey.get(key);
    if (!record) return;
    if (record.sandbox !== undefined) keyOfSandbox.delete(record.sandbox);
    keyOfNetns.delete(record.netns);
    removeFrom(keysOfUid, record.pod.uid, key);
    removeFrom(keysOfName, podNameOf(record.pod), key);
  };
  const set = (record: PodNetwork): void => {
    const {key, sandbox, netns, pod} = record;
    const before = byKey.get(key);
    byKey.set(key, record);
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
    set,
    delete: (key) => {
      remove(key);
      byKey.delete(key);
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
