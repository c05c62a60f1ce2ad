/** The record of one sandbox attempt: written at CreateNetwork, completed at Attach, removed at DeleteNetwork. */
import type {Attachment} from '../cni/attachment.ts';
import {loopbackInterface} from '../cni/loopback.ts';
import type {PodRef} from './pod-ref.ts';

/**
 * created → attaching → attached → detaching → detached. `attaching` and `detaching` are on disk before the first
 * plugin runs; whoever finds them with no call under way finds what a crash or a failed DEL has left, to be undone.
 * A DEL that keeps failing makes a record `pending`: its sandbox and netns are gone, its leases and host ports stay
 * reserved, and DEL is retried until it succeeds or a person forgets the record.
 */
export const states = ['created', 'attaching', 'attached', 'detaching', 'detached', 'pending'] as const;
export type State = (typeof states)[number];

/** The others are intents. */
export const outcomes: ReadonlySet<State> = new Set(['attached', 'detached', 'pending']);

/** By CNI capability; a plugin gets those that it declares. */
export type CapabilityArgs = Readonly<Record<string, unknown>>;

export interface PodNetworkRecord {
  /** `<uid>-<serial>`, never used twice: what comes late for an earlier attempt cannot hit a later one. */
  readonly key: string;
  readonly pod: PodRef;
  /** As the kubelet counts. It returns to 0 after an undone attempt, so it does not identify anything by itself. */
  readonly attempt: string;
  /** Path of the netns. */
  readonly netns: string;
  readonly state: State;
  /** When it was last asked for, in ms since 1970, for people; older versions did not write it. */
  readonly createdAt?: number;
  /** Id of the pod sandbox, known from Attach on. */
  readonly sandbox?: string;
  /** Digest of what Attach asked for: a repetition that asks for something else is none. */
  readonly request?: string;
  /** What was, or may have been, attached, in order; empty when nothing was. */
  readonly attachments: readonly Attachment[];
  /** The first error of DEL, while the cleanup has not finished: also a later process has to know that it has failed. */
  readonly failed?: string;
  /** Of a pending record: when its cleanup was given up, in ms since 1970, and the last error of DEL. */
  readonly pending?: {readonly since: number; readonly cause: string};
}

/** What becomes of it when its attachments are undone: after a failed attach, another attempt may come for the netns. */
export const undoneStateOf = ({state}: PodNetworkRecord): 'created' | 'detached' =>
  state === 'attaching' ? 'created' : 'detached';

/** In a state that a call or a cleanup has to end. */
export const isUnsettled = ({state}: PodNetworkRecord): boolean =>
  state === 'attaching' || state === 'detaching' || state === 'pending';

/** A cleanup that has not finished: the record waits for a DEL that succeeds, unless a call is in progress. */
export const isUnfinished = (record: PodNetworkRecord): boolean =>
  isUnsettled(record) && record.attachments.length > 0;

/** What a pod has to show: records of version 1 have its loopback interface as well. */
export const shownAttachments = ({attachments}: PodNetworkRecord): readonly Attachment[] =>
  attachments.filter(({ifName}) => ifName !== loopbackInterface);

/**
 * Of those planned, the ones whose ADD may have startedAttachments: a result is on record before the next network is added. One that has
 * not startedAttachments has nothing to undo, and its plugin may not even be there.
 */
export const startedAttachments = (attachments: readonly Attachment[]): readonly Attachment[] => {
  const last = attachments.findIndex(({result}) => result === undefined);
  return last < 0 ? attachments : attachments.slice(0, last + 1);
};

/** Nothing is left in the node's network for it but the netns. */
export const isUndone = ({attachments}: PodNetworkRecord): boolean => attachments.length === 0;
