/** The networks of this node's pods, from creation to deletion. */
import type {InvokePlugin} from '../cni/plugin.ts';
import {createGate, type Gate} from '../gate.ts';
import type {Lock} from '../lock.ts';
import type {Log} from '../log.ts';
import type {NetnsDir} from '../netns/netns-dir.ts';
import {createAbandoned} from './abandoned.ts';
import {createAttach} from './attach.ts';
import type {AttachTo, Networks} from './attachments.ts';
import {createCheck} from './check.ts';
import {createCreate} from './create.ts';
import {UnknownNetwork, WrongState} from './errors.ts';
import type {PodRef} from './pod-ref.ts';
import {createReconcile, type NodeLinks, type Reconciled} from './reconcile.ts';
import type {PodNetwork} from './record.ts';
import type {Records} from './records.ts';
import type {Selector} from './select.ts';
import {createUndo} from './undo.ts';

/**
 * Each may be repeated. What changes a pod's network holds the pod's lock, so that it happens one at a time in the
 * order of the calls; `signal` only keeps waiting work from beginning.
 */
export interface PodNetworks {
  create(pod: PodRef, attempt: string, signal?: AbortSignal): Promise<PodNetwork>;
  attach(request: AttachRequest, signal?: AbortSignal): Promise<PodNetwork>;
  /** Answers from memory and does not wait: a kubelet that asks during an attach wants to know just that. */
  query(sandbox: string): PodNetwork;
  /** CNI CHECK of all that is attached; rejects with what the first plugin complains of. */
  check(sandbox: string): Promise<void>;
  /** Returns what was detached, or is no longer attached; `undefined` when nothing is known of it. */
  detach(selector: Selector, signal?: AbortSignal): Promise<PodNetwork | undefined>;
  delete(selector: Selector, signal?: AbortSignal): Promise<PodNetwork | undefined>;
  /** Undoes what a crash or a failed DEL has left, and deletes what nobody came for. Failures are logged, and tried again later and later. */
  sweep(): Promise<void>;
  /** Compares the records with what exists, and clears away what has no owner. */
  reconcile(): Promise<Reconciled>;
}

export type AttachRequest = Selector & Omit<AttachTo, 'pod'>;

/** What the life of a pod's network depends on. */
export interface Parts {
  readonly records: Records;
  readonly netns: NetnsDir;
  readonly invoke: InvokePlugin;
  readonly networks: Networks;
  readonly links: NodeLinks;
  /** `dataDir` of host-local. */
  readonly ipamDir: string;
  readonly lock: Lock;
  /** In ms since 1970: it is written down, for people to read. */
  readonly now: () => number;
  /** In ms since whenever, never stepping back or forth. */
  readonly uptime: () => number;
  /** Whether the last word on a record may have been lost: it is left alone until somebody asks for it. */
  readonly isDoubtful: (record: PodNetwork) => boolean;
  /** Whether records may have been lost: then what seems to have no owner may have one. */
  readonly inDoubt: () => Promise<boolean>;
  readonly log: Log;
}

export const createPodNetworks = (given: Parts): PodNetworks => {
  const gate = createGate();
  const parts = {...given, lock: behind(gate, given.lock)};
  const {records} = parts;
  const abandoned = createAbandoned(parts.uptime);
  const undo = createUndo(parts, abandoned);
  return {
    create: createCreate(parts),
    attach: createAttach(parts, abandoned),
    query: (sandbox) => {
      const found = records.bySandbox(sandbox);
      if (!found) throw new UnknownNetwork('the sandbox is not known');
      if (found.state !== 'attached')
        throw new WrongState(`the sandbox is not attached: its network is ${found.state}`);
      abandoned.claim(found);
      return found;
    },
    check: createCheck(parts),
    ...undo,
    reconcile: createReconcile(parts, gate, undo.dropGone),
  };
};

const behind = (gate: Gate, lock: Lock): Lock =>
  Object.assign(
    <T>(key: string, work: () => Promise<T>, signal?: AbortSignal) =>
      lock(key, () => gate.shared(work, signal), signal),
    {isHeld: lock.isHeld},
  );
