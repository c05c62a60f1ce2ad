/** Lists and retries failed cleanups. */
import {withinDeadline} from '../lib/deadline.ts';
import {errorText} from '../log.ts';
import {retryCleanup} from './cleanup.ts';
import type {CleanupParts, UnfinishedCleanup} from './lifecycle.ts';
import {fieldsOfNetwork} from './log-fields.ts';
import {podKeyOf} from './pod-ref.ts';
import {isUnfinished, type PodNetworkRecord} from './record.ts';

/** Whether a cleanup has failed, in this process or an earlier one. Doubtful records do not count: a pod may run in the netns. */
export const hasFailed = (
  {isDoubtful}: Pick<CleanupParts, 'isDoubtful'>,
  record: PodNetworkRecord,
): boolean =>
  (record.state === 'pending' || record.failed !== undefined) && isUnfinished(record) && !isDoubtful(record);

export const unfinishedRecords = (parts: CleanupParts): PodNetworkRecord[] =>
  parts.records.unsettled().filter((record) => hasFailed(parts, record));

/**
 * Records that still hold host ports and addresses although their pods may be gone: failed cleanups, a DEL in progress,
 * leftovers of an earlier process, and doubtful records. An attach in progress is not one of them.
 */
export const holdingRecords = ({records, lock}: CleanupParts): PodNetworkRecord[] =>
  records
    .unsettled()
    .filter(
      (record) =>
        isUnfinished(record) &&
        (record.state !== 'attaching' || record.failed !== undefined || !lock.isHeld(podKeyOf(record.pod))),
    );

export const unfinishedCleanups = (parts: CleanupParts): UnfinishedCleanup[] =>
  unfinishedRecords(parts)
    .map((record) => ({
      record,
      cause: causeOf(parts, record),
      nextRetryMs: parts.cleanups.nextIn(record.key),
    }))
    .toSorted((one, other) => (one.record.createdAt ?? 0) - (other.record.createdAt ?? 0));

/** The last error of DEL. */
export const causeOf = ({cleanups}: CleanupParts, {key, pending, failed}: PodNetworkRecord): string =>
  cleanups.causeOf(key) ?? pending?.cause ?? failed ?? 'its cleanup has not finished';

/** Limit for each retry, in ms: a call in progress for the same pod may hang. */
const retryAllMs = 60_000;

export const retryAllUnfinished = async (parts: CleanupParts): Promise<void> => {
  await Promise.all(unfinishedRecords(parts).map((record) => retryOne(parts, record, retryAllMs)));
};

/**
 * Retries one cleanup when the calls in progress for its pod have ended. Both the wait and all DELs together are limited to
 * `limitMs`. Failures are logged and recorded.
 */
export const retryOne = async (
  parts: CleanupParts,
  {key, pod}: PodNetworkRecord,
  limitMs: number,
): Promise<void> => {
  const {records, lock, log, isDoubtful} = parts;
  const retry = async () => {
    const record = records.get(key);
    if (!record || !isUnfinished(record) || isDoubtful(record)) return;
    await retryCleanup(parts, record, limitMs).catch((error: unknown) => {
      log.warn('cleanup failed again', {...fieldsOfNetwork(record), error: errorText(error)});
    });
  };
  // The retry has its own limit; this one bounds the wait for a call that hangs.
  await withinDeadline(limitMs, (signal) => lock(podKeyOf(pod), retry, signal)).catch(() => undefined);
};
