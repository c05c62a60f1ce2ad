/** Detaches and deletes. Undoing goes on whatever the disk does, and may be repeated until it has succeeded. */
import {crashPoint} from '../lib/crash-point.ts';
import {errorText} from '../log.ts';
import {keyOfNetnsPath} from '../netns/netns-dir.ts';
import type {AbandonedNetworks} from './abandoned.ts';
import {type Caller, timeForDel} from './caller.ts';
import {attachmentsToUndo, giveUp, inputsReader, retryPending, undoAttachments} from './cleanup.ts';
import {CleanupUnfinished} from './errors.ts';
import type {CleanupParts, PodNetworkService} from './lifecycle.ts';
import {fieldsOfNetwork} from './log-fields.ts';
import {podKeyOf} from './pod-ref.ts';
import {isUndone, isUnfinished, type PodNetworkRecord, undoneStateOf} from './record.ts';
import {type Selector, selectForUndo} from './select.ts';
import {causeOf} from './unfinished-cleanups.ts';

export interface Undo extends Pick<PodNetworkService, 'detach' | 'delete' | 'sweep'> {
  /** Undoes a network whose netns is gone, and forgets it. False when the netns is there, or the record is not. */
  readonly dropGone: (key: string) => Promise<boolean>;
}

export const createUndo = (parts: CleanupParts, {isAbandoned}: AbandonedNetworks): Undo => {
  const {records, netns, lock, log, isDoubtful, cleanups} = parts;

  /**
   * `work` gets the record as it is once the lock is held; nothing happens when it was dropped meanwhile. A caller with a
   * deadline does not wait until then: it is told what holds the lock up.
   */
  const onCurrent = async (
    record: PodNetworkRecord,
    work: (record: PodNetworkRecord) => Promise<void>,
    caller: Caller = {},
  ): Promise<void> => {
    const {key, pod} = record;
    const isLate = new AbortController();
    let isBegun = false;
    const whenLocked = async () => {
      isBegun = true;
      const current = records.get(key);
      if (current) await work(current);
    };
    const signals = caller.signal ? [caller.signal, isLate.signal] : [isLate.signal];
    const done = lock(podKeyOf(pod), whenLocked, AbortSignal.any(signals));
    const ms = timeForDel(caller);
    if (!Number.isFinite(ms)) return await done;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        if (isBegun) return; // it ends by its own limit
        const error = new CleanupUnfinished(
          `a call in progress for the pod has not ended: ${causeOf(parts, record)}`,
        );
        isLate.abort(error);
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

  /** Undoes it, or gives that up when it has failed for too long. */
  const undoOrGiveUp = async (
    record: PodNetworkRecord,
    state: 'created' | 'detached',
    limitMs?: number,
  ): Promise<void> => {
    try {
      await undoAttachments(parts, record, state, limitMs);
    } catch (error) {
      if (!cleanups.isOverdue(record.key)) throw error;
      await giveUp(parts, records.get(record.key) ?? record);
    }
  };

  const detach = async (record: PodNetworkRecord, limitMs?: number): Promise<void> => {
    if (isUndone(record) || record.state === 'pending') return;
    cleanups.begin(record.key);
    const detaching: PodNetworkRecord = {
      ...record,
      state: 'detaching',
      attachments: attachmentsToUndo(record),
    };
    crashPoint('detach: before intent');
    await records.force(detaching);
    crashPoint('detach: intent written');
    await undoOrGiveUp(detaching, 'detached', limitMs);
  };

  const remove = async (record: PodNetworkRecord, limitMs?: number): Promise<void> => {
    await detach(record, limitMs);
    if (records.get(record.key)?.state === 'pending') return; // only a DEL that succeeds, or a person, ends it
    await netns.remove(record.netns); // after DEL: plugins want to see what they undo
    crashPoint('delete: netns removed');
    await records.drop(record.key);
    crashPoint('delete: record removed');
    cleanups.ended(record.key);
  };

  const isLeft = (record: PodNetworkRecord): boolean =>
    !isDoubtful(record) && (isAbandoned(record) || isUnfinished(record) || isEmpty(record));

  /** Undone, and without a netns: only the disk has kept its record from being dropped. */
  const isEmpty = (record: PodNetworkRecord): boolean =>
    record.state === 'detached' && !netns.exists(record.netns);

  /** Skip pods with a call in progress: they are not leftovers, and a call that hangs must not delay the others. */
  const isDue = (record: PodNetworkRecord, inputs: (record: PodNetworkRecord) => string): boolean =>
    isLeft(record) && !lock.isHeld(podKeyOf(record.pod)) && cleanups.isDue(record.key, () => inputs(record));

  const sweepOne = async (record: PodNetworkRecord): Promise<void> => {
    if (!isLeft(record)) return;
    if (isEmpty(record)) {
      await records.drop(record.key);
      return;
    }
    if (record.state === 'pending') {
      await retryPending(parts, record);
      return;
    }
    if (isAbandoned(record)) {
      await remove(record);
      log.info('deleted an abandoned pod network', fieldsOfNetwork(record));
      return;
    }
    // Without a netns, as after a node restart, there is no sandbox that someone will detach or delete.
    const isGone = !netns.exists(record.netns);
    if (isGone) cleanups.begin(record.key);
    await undoOrGiveUp(record, undoneStateOf(record));
    if (records.get(record.key)?.state === 'pending') return;
    if (isGone) await records.drop(record.key);
    log.info('cleaned up after an interrupted or failed call', fieldsOfNetwork(record));
  };

  const sweepOneOrLater = (record: PodNetworkRecord): Promise<void> =>
    onCurrent(record, sweepOne).catch((error: unknown) => {
      // An error other than DEL's, such as a netns that cannot be removed, waits for its turn as well.
      if (cleanups.nextIn(record.key) === 0)
        cleanups.failed(record.key, {
          kind: 'detaching',
          cause: errorText(error),
          inputs: inputsReader(parts)(record),
        });
      log.warn('cleanup failed, will retry', {...fieldsOfNetwork(record), error: errorText(error)});
    });

  return {
    detach: async (selector, caller = {}) => {
      const found = selectForUndo(records, selector);
      if (found) await onCurrent(found, (record) => detach(record, timeForDel(caller)), caller);
      return found;
    },
    delete: async (selector, caller = {}) => {
      const found = selectForUndo(records, selector);
      if (found) await onCurrent(found, (record) => remove(record, timeForDel(caller)), caller);
      else await removeNobodys(parts, selector);
      return found;
    },
    sweep: async () => {
      const inputs = inputsReader(parts);
      const due = [...records.all()].filter((record) => isDue(record, inputs));
      await Promise.all(due.map(sweepOneOrLater));
    },
    dropGone: async (key) => {
      const found = records.get(key);
      let dropped = false;
      const drop = async (record: PodNetworkRecord) => {
        if (record.state === 'pending' || netns.exists(record.netns)) return;
        await detach(record);
        if (records.get(record.key)?.state === 'pending') return;
        await records.drop(record.key);
        cleanups.ended(record.key);
        dropped = true;
        log.info('undid a network whose netns is gone', fieldsOfNetwork(record));
      };
      if (found) await onCurrent(found, drop);
      return dropped;
    },
  };
};

/** A netns of ours without a record: the record was lost. One whose record has another sandbox is not meant. */
const removeNobodys = async ({records, netns}: CleanupParts, selector: Selector): Promise<void> => {
  const isOurs = keyOfNetnsPath(netns.path, selector.netns) !== undefined;
  if (isOurs && !records.byNetns(selector.netns)) await netns.remove(selector.netns);
};
