/** Runs work on a record under its pod's lock, and limits how long the caller waits for the lock. */
import {type Caller, timeForDel} from './caller.ts';
import {CleanupUnfinished} from './errors.ts';
import type {CleanupParts} from './lifecycle.ts';
import {podKeyOf} from './pod-ref.ts';
import type {PodNetworkRecord} from './record.ts';
import {causeOf} from './unfinished-cleanups.ts';

/**
 * `work` gets the current record once the lock is held. It is not called if the record was dropped meanwhile. When the
 * caller's deadline passes before the lock is free, this rejects with the reason, and `work` never begins.
 */
export const withCurrentRecord = async (
  parts: CleanupParts,
  record: PodNetworkRecord,
  work: (record: PodNetworkRecord) => Promise<void>,
  caller: Caller = {},
): Promise<void> => {
  const {records, lock} = parts;
  const deadline = new AbortController();
  let isBegun = false;
  const whenLocked = async () => {
    isBegun = true;
    const current = records.get(record.key);
    if (current) await work(current);
  };
  const signals = caller.signal ? [caller.signal, deadline.signal] : [deadline.signal];
  const done = lock(podKeyOf(record.pod), whenLocked, AbortSignal.any(signals));
  const ms = timeForDel(caller);
  if (!Number.isFinite(ms)) return await done;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      if (isBegun) return; // `work` limits its own time
      const error = new CleanupUnfinished(
        `another call for the pod is still in progress: ${causeOf(parts, record)}`,
      );
      deadline.abort(error);
      reject(error);
    }, ms);
  });
  try {
    await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
    done.catch(() => undefined);
  }
};
