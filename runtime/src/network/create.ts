/** Writes the record of a pod network and creates its netns. */
import {randomBytes} from 'node:crypto';
import {crashPoint} from '../lib/crash-point.ts';
import {errorText} from '../log.ts';
import {type NetnsDir, netnsPathOf} from '../netns/netns-dir.ts';
import {type Caller, timeForDel} from './caller.ts';
import {retryCleanup} from './cleanup.ts';
import {CleanupUnfinished, NetnsFailed} from './errors.ts';
import type {CleanupParts, PodNetworkService} from './lifecycle.ts';
import {fieldsOfNetwork} from './log-fields.ts';
import {podKeyOf} from './pod-ref.ts';
import {isUnfinished, type PodNetworkRecord} from './record.ts';
import {causeOf} from './unfinished-cleanups.ts';

export const createCreate =
  (parts: CleanupParts): PodNetworkService['create'] =>
  (pod, attempt, caller = {}) => {
    const {records, netns, lock, now} = parts;
    const podKey = podKeyOf(pod);
    const createOnce = async (): Promise<PodNetworkRecord> => {
      const ofPod = records.ofPod(pod).filter((record) => podKeyOf(record.pod) === podKey);
      const waiting = ofPod.find((record) => isWaiting(record, attempt));
      if (waiting) {
        const again: PodNetworkRecord = {...waiting, createdAt: now()};
        await records.put(again);
        await createNetns(netns, again.netns);
        return again;
      }
      await finishEarlierCleanups(parts, ofPod, timeForCleanup(caller));
      const key = `${podKey}-${serial()}`;
      const record: PodNetworkRecord = {
        key,
        pod,
        attempt,
        netns: netnsPathOf(netns.path, key),
        state: 'created',
        createdAt: now(),
        attachments: [],
      };
      crashPoint('create: before record');
      await writeAndCreate(parts, record);
      return record;
    };
    return lock(podKey, createOnce, caller.signal);
  };

/** In ms. A kubelet gives CreateNetwork 10 s. */
const timeForCleanup = (caller: Caller): number => Math.min(5_000, timeForDel(caller));

/** Unfinished cleanups allowed for one pod: a pod that always fails must not accumulate records. */
const mostOfPod = {detaching: 1, pending: 3};

/**
 * Retries the cleanups of the pod's earlier sandboxes once. Throws CleanupUnfinished when the pod is still at its limit. Hold
 * the pod's lock, so that no cleanup of the pod is in progress.
 */
const finishEarlierCleanups = async (
  parts: CleanupParts,
  ofPod: readonly PodNetworkRecord[],
  limitMs: number,
): Promise<void> => {
  const end = parts.uptime() + limitMs;
  const unfinished = ofPod.filter(isUnfinished);
  const pending = unfinished.filter(({state}) => state === 'pending');
  const detaching = unfinished.filter(({state}) => state !== 'pending');
  for (const [records, most] of [
    [detaching, mostOfPod.detaching],
    [pending, mostOfPod.pending],
  ] as const) {
    let left = records.length;
    for (const record of left < most ? [] : records) {
      try {
        await retryCleanup(parts, record, end - parts.uptime());
        left--;
      } catch (error) {
        parts.log.warn('cleanup failed again', {...fieldsOfNetwork(record), error: errorText(error)});
      }
    }
    const [first] = records;
    if (first && left >= most)
      throw new CleanupUnfinished(
        `the cleanup of an earlier sandbox of the pod has not finished: ${causeOf(parts, first)}`,
      );
  }
};

/** Both at the same time: after a crash, a record without netns is dropped, and a netns without record is removed. */
const writeAndCreate = async ({records, netns}: CleanupParts, record: PodNetworkRecord): Promise<void> => {
  const [written, made] = await Promise.allSettled([
    records.announce(record).then(() => crashPoint('create: record written')),
    createNetns(netns, record.netns).then(() => crashPoint('create: netns made')),
  ]);
  if (written.status === 'rejected') {
    await netns.remove(record.netns).catch(() => records.force(record)); // the sweep removes it later
    throw written.reason;
  }
  if (made.status === 'rejected') {
    if (!isLeft(netns, record.netns)) await records.drop(record.key);
    throw made.reason;
  }
};

const createNetns = async (netns: NetnsDir, path: string): Promise<void> => {
  try {
    await netns.create(path);
  } catch (error) {
    await netns.remove(path).catch(() => undefined); // report the first error
    throw new NetnsFailed('cannot create the netns', {cause: error});
  }
};

/** Whether a netns could be created only in part, and not be removed. A retry or the sweep needs its record then. */
const isLeft = (netns: NetnsDir, path: string): boolean => {
  try {
    return netns.exists(path);
  } catch {
    return true;
  }
};

/** A repeated call gets the same netns, unless a sandbox has used it. */
const isWaiting = ({attempt, state, sandbox}: PodNetworkRecord, wanted: string): boolean =>
  attempt === wanted && state === 'created' && sandbox === undefined;

/** Random: a counter that restarts would let a late DeleteNetwork hit a new netns. */
const serial = (): string => randomBytes(4).toString('hex');
