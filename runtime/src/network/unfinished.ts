/** Lists and retries the cleanups that have failed. */
import {textOf} from '../log.ts';
import {retryPending, undoAttachments} from './cleanup.ts';
import {fieldsOfNetwork} from './log-fields.ts';
import type {Cared, UnfinishedCleanup} from './pod-networks.ts';
import {podKeyOf} from './pod-ref.ts';
import {isUnfinished, type PodNetwork} from './record.ts';

export const unfinishedRecords = ({records, cleanups}: Pick<Cared, 'records' | 'cleanups'>): PodNetwork[] =>
  cleanups
    .failing()
    .flatMap((key) => records.get(key) ?? [])
    .filter(isUnfinished);

export const unfinishedCleanups = (parts: Cared): UnfinishedCleanup[] =>
  unfinishedRecords(parts)
    .map((record) => ({
      record,
      cause: parts.cleanups.causeOf(record.key) ?? '',
      nextRetryMs: parts.cleanups.nextIn(record.key),
    }))
    .toSorted((one, other) => (one.record.createdAt ?? 0) - (other.record.createdAt ?? 0));

export const retryAllPending = async (parts: Cared): Promise<void> => {
  const pending = unfinishedRecords(parts).filter(({state}) => state === 'pending');
  await Promise.all(pending.map((record) => retryOne(parts, record)));
};

/** `limitMs` is for all DELs together. Failures are logged and remembered. Skips pods with a call in progress. */
export const retryOne = async (parts: Cared, {key, pod}: PodNetwork, limitMs?: number): Promise<void> => {
  const {records, lock, log} = parts;
  if (lock.isHeld(podKeyOf(pod))) return;
  await lock(podKeyOf(pod), async () => {
    const record = records.get(key);
    if (!record || !isUnfinished(record)) return;
    await retryCleanup(parts, record, limitMs).catch((error: unknown) => {
      log.warn('cleanup failed again', {...fieldsOfNetwork(record), error: textOf(error)});
    });
  });
};

/** For whoever holds the lock of the pod. Throws the error of DEL. */
export const retryCleanup = async (parts: Cared, record: PodNetwork, limitMs?: number): Promise<void> => {
  if (record.state === 'pending') await retryPending(parts, record, limitMs);
  else await undoAttachments(parts, record, 'detached', limitMs);
};
