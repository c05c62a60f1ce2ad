/** What can be done with the networks of this node's pods, and what that depends on. */
import type {Attachment} from '../cni/attachment.ts';
import type {Conflist} from '../cni/conflist.ts';
import type {InvokePlugin} from '../cni/invocation.ts';
import type {KnownBug} from '../cni/known-bugs.ts';
import type {Lock} from '../lib/keyed-lock.ts';
import type {Log} from '../log.ts';
import type {NetnsDir} from '../netns/netns-dir.ts';
import type {AttachOptions, Networks} from './attachments.ts';
import type {Caller} from './caller.ts';
import type {CleanupRetries} from './cleanup-retries.ts';
import type {NodeLinks} from './orphaned-links.ts';
import type {NetworksOfOthers, Orphans} from './orphans.ts';
import type {PodRef} from './pod-ref.ts';
import type {PortmapChains} from './portmap-chains.ts';
import type {PodNetworkRecord} from './record.ts';
import type {Records} from './records.ts';
import type {Selector} from './select.ts';
import type {StrayAddresses} from './stray-addresses.ts';

/**
 * Each may be repeated. What changes a pod's network holds the pod's lock, so that it happens one at a time in the
 * order of the calls; the caller's `signal` only keeps waiting work from beginning.
 */
export interface PodNetworkService {
  create(pod: PodRef, attempt: string, caller?: Caller): Promise<PodNetworkRecord>;
  attach(request: AttachRequest, caller?: Caller): Promise<PodNetworkRecord>;
  /** Answers from memory and does not wait: a kubelet that asks during an attach wants to know just that. */
  query(sandbox: string): PodNetworkRecord;
  /**
   * CNI CHECK of all that is attached; rejects with the first complaint of a plugin. Resolves with complaints that are known
   * bugs of a plugin.
   */
  check(sandbox: string): Promise<readonly KnownBug[]>;
  /** Returns what was detached, or is no longer attached; `undefined` when nothing is known of it. */
  detach(selector: Selector, caller?: Caller): Promise<PodNetworkRecord | undefined>;
  delete(selector: Selector, caller?: Caller): Promise<PodNetworkRecord | undefined>;
  /** Cleans up after crashes and failed DELs, and deletes abandoned networks. Failures are logged, and retried with backoff. */
  sweep(): Promise<void>;
  /** CleanupRetries that have not finished and have failed at least once, the pending ones among them; oldest first. */
  unfinished(): readonly UnfinishedCleanup[];
  /** Retries all of them at once, whatever their backoff, and resolves when each has been tried. */
  retryUnfinished(): Promise<void>;
  /** Removes the known traces of an unfinished cleanup and drops its record, without DEL. */
  forget(key: string): Promise<ForgetResult>;
  /** Compares the records with what exists, and clears away what has no owner. */
  reconcile(): Promise<ReconcileResult>;
  /** Tells what would be cleared away if no record had been lost. */
  orphans(): Promise<Orphans>;
  /** From then on no record counts as lost. Returns the names of what was in the quarantine. */
  acceptLoss(): Promise<readonly string[]>;
}

export type AttachRequest = Selector & Omit<AttachOptions, 'pod'>;

export interface ForgetResult {
  readonly record: PodNetworkRecord;
  /** What was removed from the node, and what may be left: one sentence each. */
  readonly removed: readonly string[];
  readonly mayLeak: readonly string[];
}

export interface UnfinishedCleanup {
  readonly record: PodNetworkRecord;
  /** The last error of DEL, with the network. */
  readonly cause: string;
  /** Until the next retry, in ms. */
  readonly nextRetryMs: number;
}

export interface ReconcileResult {
  /** Paths of netns without a record. */
  readonly removedNetns: readonly string[];
  /** Addresses leased to no sandbox. */
  readonly releasedAddresses: readonly string[];
  /** Host ends of veth pairs without a record. */
  readonly removedLinks: readonly string[];
  /** Names of iptables chains of the portmap plugin whose sandbox has no record. */
  readonly removedChains: readonly string[];
  /** Keys of networks whose netns was gone. */
  readonly undone: readonly string[];
  /** What could not be done, in words. */
  readonly problems: readonly string[];
}

/** How long and how many cleanups may fail. */
export interface CleanupLimits {
  /** A record becomes pending when DEL has failed for so long since the first Detach of its sandbox. */
  readonly giveUpAfterMs: number;
  /** How many cleanups of the attachment's network may be unfinished before it refuses further attachments. */
  readonly ofNetwork: (attachment: Pick<Attachment, 'config' | 'selected'>) => number;
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
  readonly isDoubtful: (record: PodNetworkRecord) => boolean;
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
  readonly cleanups: CleanupRetries;
}
