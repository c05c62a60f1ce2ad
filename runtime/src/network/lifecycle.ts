/** The interface of the pod network service, and its dependencies. */
import type {Attachment} from '../cni/attachment.ts';
import type {Conflist} from '../cni/conflist.ts';
import type {InvokePlugin} from '../cni/invocation.ts';
import type {KnownBug} from '../cni/known-bugs.ts';
import type {Emit} from '../events/event.ts';
import type {Lock} from '../lib/keyed-lock.ts';
import type {Log} from '../log.ts';
import type {NetnsDir} from '../netns/netns-dir.ts';
import type {AttachOptions, Networks} from './attachments.ts';
import type {Caller} from './caller.ts';
import type {CleanupRetries} from './cleanup-retries.ts';
import type {NodeLinks} from './orphaned-links.ts';
import type {NetworksOfOthers} from './orphans.ts';
import type {PodRef} from './pod-ref.ts';
import type {PortmapChains} from './portmap-chains.ts';
import type {PodNetworkRecord} from './record.ts';
import type {Records} from './records.ts';
import type {Selector} from './select.ts';
import type {StrayAddresses} from './stray-addresses.ts';

/** An attachment whose network has no CHECK. */
export interface UncheckedAttachment {
  readonly attachment: Attachment;
  readonly reason: string;
}

export interface CheckResult {
  readonly knownBugs: readonly KnownBug[];
  readonly unchecked: readonly UncheckedAttachment[];
}

/**
 * All calls are idempotent. Calls that change a pod's network hold the pod's lock, so they run one at a time, in order. The
 * caller's `signal` only prevents waiting calls from beginning.
 */
export interface PodNetworkService {
  create(pod: PodRef, attempt: string, caller?: Caller): Promise<PodNetworkRecord>;
  attach(request: AttachRequest, caller?: Caller): Promise<PodNetworkRecord>;
  /** Answers from memory, without waiting for an attach in progress. */
  query(sandbox: string): PodNetworkRecord;
  /**
   * CNI CHECK of all attachments. Rejects with the first error of a plugin. Errors that are known bugs of a plugin do not count;
   * it resolves with them, and with the attachments that have no CHECK. No plugin is started after the caller's deadline.
   */
  check(sandbox: string, caller?: Caller): Promise<CheckResult>;
  /** Returns the record as it was before; `undefined` when no record matches. */
  detach(selector: Selector, caller?: Caller): Promise<PodNetworkRecord | undefined>;
  delete(selector: Selector, caller?: Caller): Promise<PodNetworkRecord | undefined>;
  /** Cleans up after crashes and failed DELs, and deletes abandoned networks. Failures are logged, and retried with backoff. */
  sweep(): Promise<void>;
  /** Cleanups that have failed and not finished, pending ones included; oldest first. */
  unfinished(): readonly UnfinishedCleanup[];
  /** Retries them now, regardless of their backoff. Resolves when each has been tried. */
  retryUnfinished(): Promise<void>;
  /** Removes the known traces of an unfinished cleanup and drops its record, without DEL. */
  forget(key: string): Promise<ForgetResult>;
  /** Compares the records with the node, and removes orphans. */
  reconcile(): Promise<ReconcileResult>;
  /** Lists what a reconcile would remove if no record had been lost. */
  orphans(): Promise<Orphans>;
  /** Empties the quarantine, so that no record counts as lost. Returns the names of the files. */
  acceptLoss(): Promise<readonly string[]>;
}

export interface AttachRequest extends Selector, Omit<AttachOptions, 'pod'> {
  /** The networks that the pod selects, even if Multus attaches them. Throws InvalidRequest for an invalid annotation. Default: `selections`. */
  readonly ownSelections?: () => AttachOptions['selections'];
}

export interface ForgetResult {
  readonly record: PodNetworkRecord;
  /** Sentences about things that were removed from the node, or may be left on it. */
  readonly removed: readonly string[];
  readonly mayLeak: readonly string[];
}

export interface UnfinishedCleanup {
  readonly record: PodNetworkRecord;
  /** The last error of DEL, with the network. */
  readonly cause: string;
  /** Time until the next retry, in ms. */
  readonly nextRetryMs: number;
}

export interface ReconcileResult {
  /** Paths of netns without a record. */
  readonly removedNetns: readonly string[];
  /** Addresses whose lease belonged to no recorded sandbox. */
  readonly releasedAddresses: readonly string[];
  /** Host ends of veth pairs without a record. */
  readonly removedLinks: readonly string[];
  /** Names of iptables chains of the portmap plugin whose sandbox has no record. */
  readonly removedChains: readonly string[];
  /** Keys of records whose netns was gone. */
  readonly undone: readonly string[];
  /** Errors, as text. */
  readonly problems: readonly string[];
}

export interface Orphans {
  /** Paths of netns without a record. */
  readonly netns: readonly string[];
  /** Addresses that are leased to sandboxes without a record. */
  readonly addresses: readonly string[];
  /** Names of host ends of veth pairs without a record. */
  readonly links: readonly string[];
  /** Names of iptables chains of the portmap plugin whose sandbox has no record. */
  readonly chains: readonly string[];
  /** Why links or chains could not be listed, as text. */
  readonly problems: readonly string[];
}

/** Limits for failing cleanups. */
export interface CleanupLimits {
  /** A record becomes pending when DEL still fails this long after the first Detach of its sandbox. */
  readonly giveUpAfterMs: number;
  /** With this many unfinished cleanups, the attachment's network refuses further attachments. */
  readonly ofNetwork: (attachment: Pick<Attachment, 'config' | 'selected'>) => number;
}

/** The dependencies of the pod network service. */
export interface Parts {
  readonly records: Records;
  readonly netns: NetnsDir;
  readonly invoke: InvokePlugin;
  readonly networks: Networks;
  readonly links: NodeLinks;
  readonly portmapChains: PortmapChains;
  /** Rejects when they are unknown. */
  readonly networksOfOthers: () => Promise<NetworksOfOthers>;
  /** `dataDir` of host-local. */
  readonly ipamDir: string;
  readonly lock: Lock;
  /** Wall clock, in ms since 1970: for records that people read. */
  readonly now: () => number;
  /** Monotonic clock, in ms. */
  readonly uptime: () => number;
  /** Whether a later state of the record may have been lost. Background work skips it; calls for it are served. */
  readonly isDoubtful: (record: PodNetworkRecord) => boolean;
  /** Whether records may have been lost: then things that seem orphaned may belong to a running pod. */
  readonly inDoubt: () => Promise<boolean>;
  readonly strayAddresses: StrayAddresses;
  readonly cleanupLimits: CleanupLimits;
  /** Identifies the executables of a network's plugins: the text changes when one of them is replaced. */
  readonly filesOf: (list: Conflist) => string;
  /** Empties the quarantine, which ends the doubt. Returns the names of its files. */
  readonly acceptLoss: () => Promise<readonly string[]>;
  readonly log: Log;
  readonly emit: Emit;
}

/** Dependencies of the parts that clean up. */
export interface CleanupParts extends Parts {
  readonly cleanups: CleanupRetries;
}
