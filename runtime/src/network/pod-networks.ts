/** The networks of this node's pods, from creation to deletion. */
import type {Attachment} from '../cni/attachment.ts';
import type {Conflist} from '../cni/conflist.ts';
import type {InvokePlugin} from '../cni/invocation.ts';
import type {KnownBug} from '../cni/known-bugs.ts';
import {createGate, type Gate} from '../lib/gate.ts';
import type {Lock} from '../lib/keyed-lock.ts';
import type {Log} from '../log.ts';
import type {NetnsDir} from '../netns/netns-dir.ts';
import {createAbandoned} from './abandoned.ts';
import {createAdmission} from './admission.ts';
import {createAttach} from './attach.ts';
import type {AttachTo, Networks} from './attachments.ts';
import type {Caller} from './caller.ts';
import {createCheck} from './check.ts';
import {type Cleanups, createCleanups} from './cleanups.ts';
import {createCreate} from './create.ts';
import {UnknownNetwork, WrongState} from './errors.ts';
import {forget} from './forget.ts';
import {listOwnerless, type Ownerless} from './ownerless.ts';
import type {NodeLinks} from './ownerless-links.ts';
import type {PodRef} from './pod-ref.ts';
import type {PortmapChains} from './portmap-chains.ts';
import {createReconcile, type Reconciled} from './reconcile.ts';
import type {PodNetwork} from './record.ts';
import type {Records} from './records.ts';
import type {Selector} from './select.ts';
import type {StrayAddresses} from './stray-addresses.ts';
import {createUndo} from './undo.ts';
import {retryAllUnfinished, unfinishedCleanups} from './unfinished.ts';

/**
 * Each may be repeated. What changes a pod's network holds the pod's lock, so that it happens one at a time in the
 * order of the calls; the caller's `signal` only keeps waiting work from beginning.
 */
export interface PodNetworks {
  create(pod: PodRef, attempt: string, caller?: Caller): Promise<PodNetwork>;
  attach(request: AttachRequest, caller?: Caller): Promise<PodNetwork>;
  /** Answers from memory and does not wait: a kubelet that asks during an attach wants to know just that. */
  query(sandbox: string): PodNetwork;
  /**
   * CNI CHECK of all that is attached; rejects with the first complaint of a plugin. Resolves with complaints that are known
   * bugs of a plugin.
   */
  check(sandbox: string): Promise<readonly KnownBug[]>;
  /** Returns what was detached, or is no longer attached; `undefined` when nothing is known of it. */
  detach(selector: Selector, caller?: Caller): Promise<PodNetwork | undefined>;
  delete(selector: Selector, caller?: Caller): Promise<PodNetwork | undefined>;
  /** Cleans up after crashes and failed DELs, and deletes abandoned networks. Failures are logged, and retried with backoff. */
  sweep(): Promise<void>;
  /** Cleanups that have not finished and have failed at least once, the pending ones among them; oldest first. */
  unfinished(): readonly UnfinishedCleanup[];
  /** Retries all of them at once, whatever their backoff, and resolves when each has been tried. */
  retryUnfinished(): Promise<void>;
  /** Removes the known traces of an unfinished cleanup and drops its record, without DEL. */
  forget(key: string): Promise<ForgetResult>;
  /** Compares the records with what exists, and clears away what has no owner. */
  reconcile(): Promise<Reconciled>;
  /** Tells what would be cleared away if no record had been lost. */
  ownerless(): Promise<Ownerless>;
  /** From then on no record counts as lost. Returns the names of what was in the quarantine. */
  acceptLoss(): Promise<readonly string[]>;
}

export type AttachRequest = Selector & Omit<AttachTo, 'pod'>;

export interface ForgetResult {
  readonly record: PodNetwork;
  /** What was removed from the node, and what may be left: one sentence each. */
  readonly removed: readonly string[];
  readonly mayLeak: readonly string[];
}

export interface UnfinishedCleanup {
  readonly record: PodNetwork;
  /** The last error of DEL, with the network. */
  readonly cause: string;
  /** Until the next retry, in ms. */
  readonly nextRetryMs: number;
}

/** How long and how many cleanups may fail. */
export interface CleanupLimits {
  /** A record becomes pending when DEL has failed for so long since the first Detach of its sandbox. */
  readonly giveUpAfterMs: number;
  /** How many cleanups of the attachment's network may be unfinished before it refuses further attachments. */
  readonly ofNetwork: (attachment: Pick<Attachment, 'config' | 'selected'>) => number;
}

/** The networks that other container runtimes attach pods to. */
export interface NetworksOfOthers {
  readonly has: (name: string) => boolean;
}

/** What the life of a pod's network depends on. */
export interface Parts {
  readonly records: Records;
  readonly netns: NetnsDir;
  readonly invoke: InvokePlugin;
  readonly networks: Networks;
  readonly links: NodeLinks;
  readonly portmapChains: PortmapChains;
  /** Rejects if that cannot be told. */
  readonly networksOfOthers: () => Promise<NetworksOfOthers>;
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
  readonly strayAddresses: StrayAddresses;
  readonly cleanupLimits: CleanupLimits;
  /** Identifies the executables of a network's plugins: another text when one of them was replaced. */
  readonly filesOf: (list: Conflist) => string;
  /** Ends the doubt. Returns the names of what was in the quarantine. */
  readonly acceptLoss: () => Promise<readonly string[]>;
  readonly log: Log;
}

/** With the memory of failed cleanups. */
export interface CleanupParts extends Parts {
  readonly cleanups: Cleanups;
}

export const createPodNetworks = (given: Parts): PodNetworks => {
  const gate = createGate();
  const {records, uptime, cleanupLimits} = given;
  const cleanups = createCleanups(uptime, cleanupLimits.giveUpAfterMs);
  // A kubelet that is still interested detaches them soon; if none does, nobody else would give them up.
  for (const {key} of records.unsettled()) cleanups.begin(key);
  const parts: CleanupParts = {...given, cleanups, lock: behind(gate, given.lock)};
  const abandoned = createAbandoned(parts.uptime);
  const undo = createUndo(parts, abandoned);
  return {
    create: createCreate(parts),
    attach: createAttach(parts, abandoned, createAdmission(parts)),
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
    unfinished: () => unfinishedCleanups(parts),
    retryUnfinished: () => retryAllUnfinished(parts),
    forget: (key) => forget(parts, key),
    reconcile: createReconcile(parts, gate, undo.dropGone),
    ownerless: () => listOwnerless(parts),
    acceptLoss: parts.acceptLoss,
  };
};

const behind = (gate: Gate, lock: Lock): Lock =>
  Object.assign(
    <T>(key: string, work: () => Promise<T>, signal?: AbortSignal) =>
      lock(key, () => gate.shared(work, signal), signal),
    {isHeld: lock.isHeld},
  );
