/** The record of one sandbox attempt: CreateNetwork writes it, Attach completes it, DeleteNetwork removes it. */
import type {Attachment} from '../cni/attachment.ts';
import {loopbackInterface} from '../cni/loopback.ts';
import type {PodRef} from './pod-ref.ts';

/**
 * created → attaching → attached → detaching → detached. `attaching` and `detaching` are written before the first plugin
 * runs. Such a record without a call in progress was left by a crash or a failed DEL and needs a cleanup. When DEL keeps
 * failing, the record becomes `pending`: its sandbox and netns are gone, its leases and host ports stay reserved, and DEL is
 * retried until it succeeds or a person forgets the record.
 */
export const states = ['created', 'attaching', 'attached', 'detaching', 'detached', 'pending'] as const;
export type State = (typeof states)[number];

/** The other states are intents. */
export const outcomes: ReadonlySet<State> = new Set(['attached', 'detached', 'pending']);

/** By CNI capability. A plugin gets the capabilities that it declares. */
export type CapabilityArgs = Readonly<Record<string, unknown>>;

export interface PodNetworkRecord {
  /** `<uid>-<serial>`, never reused: a late call for an earlier attempt cannot hit a later one. */
  readonly key: string;
  readonly pod: PodRef;
  /** The kubelet's counter. It restarts at 0 after a cleanup, so it identifies nothing by itself. */
  readonly attempt: string;
  /** Path of the netns. */
  readonly netns: string;
  readonly state: State;
  /** Time of the last CreateNetwork, in ms since 1970, for people. Older versions did not write it. */
  readonly createdAt?: number;
  /** Id of the pod sandbox. Unknown before Attach. */
  readonly sandbox?: string;
  /** Digest of the Attach request: a repeated Attach must ask for the same. */
  readonly request?: string;
  /** Networks whose ADD has begun or is planned, in order. */
  readonly attachments: readonly Attachment[];
  /** The first error of DEL, until the cleanup succeeds. It is on disk because a later process must know of the failure. */
  readonly failed?: string;
  /** Only in state `pending`: when the cleanup was given up, in ms since 1970, and the last error of DEL. */
  readonly pending?: {readonly since: number; readonly cause: string};
}

/** The state after a successful cleanup. After a failed attach, the caller may try again in the same netns. */
export const undoneStateOf = ({state}: PodNetworkRecord): 'created' | 'detached' =>
  state === 'attaching' ? 'created' : 'detached';

/** The state is an intent or pending: a call or a cleanup has to end it. */
export const isUnsettled = ({state}: PodNetworkRecord): boolean =>
  state === 'attaching' || state === 'detaching' || state === 'pending';

/** The record waits for a DEL that succeeds, unless a call is in progress. */
export const isUnfinished = (record: PodNetworkRecord): boolean =>
  isUnsettled(record) && record.attachments.length > 0;

/** The attachments to show to callers. Records of version 1 also have the loopback interface. */
export const shownAttachments = ({attachments}: PodNetworkRecord): readonly Attachment[] =>
  attachments.filter(({ifName}) => ifName !== loopbackInterface);

/**
 * Returns the attachments whose ADD may have begun: each result is recorded before the next ADD. Later ones need no DEL, and
 * their plugins may be missing.
 */
export const startedAttachments = (attachments: readonly Attachment[]): readonly Attachment[] => {
  const last = attachments.findIndex(({result}) => result === undefined);
  return last < 0 ? attachments : attachments.slice(0, last + 1);
};

/** Whether all attachments are cleaned up; the netns may still exist. */
export const isUndone = ({attachments}: PodNetworkRecord): boolean => attachments.length === 0;
