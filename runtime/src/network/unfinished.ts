/** Lists and retries the cleanups that have failed. */
import {textOf} from '../log.ts';
import {retryPending, undoAttachments} from './cleanup.ts';
import {fieldsOfNetwork} from './log-fields.ts';
import type {Cared, UnfinishedCleanup} from './pod-networks.ts';
import {podKeyOf} from './pod-ref.ts';
import {isUnfinished, type PodNetwork} from './record.ts';

/**
 * Cleanups that have failed, or that an earlier process has left. The first DEL of a sandbox may still succeed and does not
 * count while it runs.
 */
export const unfinishedRecords = ({records, cleanups, lock}: Cared): PodNetwork[] =>
  records
    .unsettled()
    .filter(
      ({key, pod, state}) =>
        state === 'pending' || cleanups.causeOf(key) !== undefined || !lock.isHeld(podKeyOf(pod)),
    )
    .filter(isUnfinished);

/** Records that hold what they were given although their pods are on the way out: a DEL in progress among them. */
export const holdingRecords = (parts: Cared): PodNetwork[] => [
  ...new Set([
    ...unfinishedRecords(parts),
    ...parts.records.unsettled().filter((record) => record.state === 'detaching' && isUnfinished(record)),
  ]),
];

export const unfinishedCleanups = (parts: Cared): UnfinishedCleanup[] =>
  unfinishedRecords(parts)
    .map((record) => ({
      record,
      cause: causeOf(parts, record),
      nextRetryMs: parts.cleanups.nextIn(record.key),
    }))
    .toSorted((one, other) => (one.record.createdAt ?? 0) - (other.record.createdAt ?? 0));

/** The last error of DEL. */
export const causeOf = ({cleanups}: Cared, {key, pending}: PodNetwork): string =>
  cleanups.causeOf(key) ?? pending?.cause ?? 'its cleanup has not finished';

export const retryAllPending = async (parts: Cared): Promise<void> => {
  const pending = unfinishedRecords(parts).filter(({state}) => state === 'pending');
  await Promise.all(pending.map((record) => retryOne(parts, record)));
};

/**
 * Retries one cleanup, after the calls in progress for its pod. It begins within `limitMs`, which is also for all its DELs
 * together. Failures are logged and remembered.
 */
export const retryOne = async (
  parts: Cared,
  {key, pod}: PodNetwork,
  limitMs = Number.POSITIVE_INFINITY,
): Promise<void> => {
  const {records, lock, log} = parts;
  const retry = async () => {
    const record = records.get(key);
    if (!record || !isUnfinished(record)) return;
    await retryCleanup(parts, record, limitMs).catch((error: unknown) => {
      log.warn('cleanup failed again', {...fieldsOfNetwork(record), error: textOf(error)});
    });
  };
  const begin = new AbortController();
  const timer = Number.isFinite(limitMs) ? setTimeout(() => begin.abort(), limitMs) : undefined;
  const retried = lock(podKeyOf(pod), retry, begin.signal);
  const isLate = new Promise<void>((resolve) => {
    begin.signal.addEventListener('abort', () => resolve());
  });
  // Once begun it ends by its own limit; a call that hangs before it must not hold up the caller.
  await Promise.race([retried.catch(() => undefined), isLate]);
  clearTimeout(timer);
};

/** For whoever holds the lock of the pod. Throws the error of DEL. */
export const retryCleanup = async (parts: Cared, record: PodNetwork, limitMs?: number): Promise<void> => {
  if (record.state === 'pending') await retryPending(parts, record, limitMs);
  else await undoAttachments(parts, record, 'detached', limitMs);
};
