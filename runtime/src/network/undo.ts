/** Detaches and deletes. Undoing goes on whatever the disk does, and may be repeated until it has succeeded. */
import {crashPoint} from '../crash-point.ts';
import {textOf} from '../log.ts';
import {keyOfNetnsPath} from '../netns/netns-dir.ts';
import type {Abandoned} from './abandoned.ts';
import {delAll} from './attachments.ts';
import {fieldsOfNetwork} from './log-fields.ts';
import type {Parts, PodNetworks} from './pod-networks.ts';
import {podKeyOf} from './pod-ref.ts';
import {begun, isUndone, type PodNetwork} from './record.ts';
import {createRetries} from './retries.ts';
import {type Selector, selectForUndo} from './select.ts';

export interface Undo extends Pick<PodNetworks, 'detach' | 'delete' | 'sweep'> {
  /** Undoes a network whose netns is gone, and forgets it. False when the netns is there, or the record is not. */
  readonly dropGone: (key: string) => Promise<boolean>;
}

export const createUndo = (parts: Parts, {isAbandoned}: Abandoned): Undo => {
  const {records, netns, lock, log, uptime, isDoubtful} = parts;
  const retries = createRetries(uptime);

  /** `work` gets the record as it is once the lock is held; false when there is none any more. */
  const onCurrent = async (
    {key, pod}: PodNetwork,
    work: (record: PodNetwork) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> => {
    const whenLocked = async () => {
      const current = records.get(key);
      if (current) await work(current);
    };
    await lock(podKeyOf(pod), whenLocked, signal);
  };

  const detach = async (record: PodNetwork): Promise<void> => {
    if (isUndone(record)) return;
    const detaching: PodNetwork = {...record, state: 'detaching', attachments: toUndo(record)};
    crashPoint('detach: before intent');
    await records.force(detaching);
    crashPoint('detach: intent written');
    await undoAttachments(parts, detaching, 'detached');
  };

  const remove = async (record: PodNetwork): Promise<void> => {
    await detach(record);
    await netns.remove(record.netns); // after DEL: plugins want to see what they undo
    crashPoint('delete: netns removed');
    await records.drop(record.key);
    crashPoint('delete: record removed');
    retries.ended(record.key);
  };

  const isLeft = (record: PodNetwork): boolean =>
    !isDoubtful(record) && (isAbandoned(record) || !(record.state === 'attached' || isUndone(record)));

  /** Of a pod that somebody is at work for nothing is left; and if that hangs, the others must not wait. */
  const isDue = (record: PodNetwork): boolean =>
    isLeft(record) && retries.isDue(record.key) && !lock.isHeld(podKeyOf(record.pod));

  const sweepOne = async (record: PodNetwork): Promise<void> => {
    if (!isLeft(record)) return;
    if (isAbandoned(record)) {
      await remove(record);
      log.info('deleted a network that nobody came for', fieldsOfNetwork(record));
      return;
    }
    await undoAttachments(parts, record, record.state === 'attaching' ? 'created' : 'detached');
    // Without a netns, as after a node restart, there is no sandbox either that someone will delete.
    if (!netns.exists(record.netns)) await records.drop(record.key);
    retries.ended(record.key);
    log.info('undid what was left', fieldsOfNetwork(record));
  };

  const sweepOneOrLater = (record: PodNetwork): Promise<void> =>
    onCurrent(record, sweepOne).catch((error: unknown) => {
      retries.failed(record.key);
      log.warn('cannot undo what is left yet', {...fieldsOfNetwork(record), error: textOf(error)});
    });

  return {
    detach: async (selector, signal) => {
      const found = selectForUndo(records, selector);
      if (found) await onCurrent(found, detach, signal);
      return found;
    },
    delete: async (selector, signal) => {
      const found = selectForUndo(records, selector);
      if (found) await onCurrent(found, remove, signal);
      else await removeNobodys(parts, selector);
      return found;
    },
    sweep: async () => {
      await Promise.all([...records.all()].filter(isDue).map(sweepOneOrLater));
    },
    dropGone: async (key) => {
      const found = records.get(key);
      let dropped = false;
      const drop = async (record: PodNetwork) => {
        if (netns.exists(record.netns)) return;
        await detach(record);
        await records.drop(record.key);
        dropped = true;
        log.info('undid a network whose netns is gone', fieldsOfNetwork(record));
      };
      if (found) await onCurrent(found, drop);
      return dropped;
    },
  };
};

/** A netns of ours without a record: the record was lost. One whose record has another sandbox is not meant. */
const removeNobodys = async ({records, netns}: Parts, selector: Selector): Promise<void> => {
  const isOurs = keyOfNetnsPath(netns.path, selector.netns) !== undefined;
  if (isOurs && !records.byNetns(selector.netns)) await netns.remove(selector.netns);
};

const toUndo = ({state, attachments}: PodNetwork) =>
  state === 'attaching' ? begun(attachments) : attachments;

/** DEL with what ADD was given. What fails stays in the record, to be tried again, and the first error is thrown. */
export const undoAttachments = async (
  {records, netns, invoke}: Parts,
  record: PodNetwork,
  state: 'created' | 'detached',
): Promise<PodNetwork> => {
  const sandbox = record.sandbox ?? ''; // always there once something is attached
  const present = netns.exists(record.netns);
  const target = {sandbox, netns: present ? record.netns : ''};
  const left = await delAll(invoke, toUndo(record), target);
  if (left.attachments.length > 0) {
    if (left.attachments.length < record.attachments.length)
      await records.force({...record, attachments: left.attachments});
    throw left.errors[0];
  }
  crashPoint('detach: before result');
  const undone: PodNetwork = {...record, state, attachments: []};
  await records.force(undone);
  crashPoint('detach: result written');
  return undone;
};
