/** Detaches and deletes pod networks. A teardown continues despite disk errors, and is retried until it succeeds. */
import {crashPoint} from '../lib/crash-point.ts';
import {keyOfNetnsPath} from '../netns/netns-dir.ts';
import {timeForDel} from './caller.ts';
import {attachmentsToUndo, retryOrGiveUp} from './cleanup.ts';
import {withCurrentRecord} from './current-record.ts';
import type {CleanupParts, PodNetworkService} from './lifecycle.ts';
import {fieldsOfNetwork} from './log-fields.ts';
import {isUndone, type PodNetworkRecord} from './record.ts';
import {type Selector, selectForTeardown} from './select.ts';

export const createTeardown = (parts: CleanupParts): Pick<PodNetworkService, 'detach' | 'delete'> => ({
  detach: async (selector, caller = {}) => {
    const found = selectForTeardown(parts.records, selector);
    const detach = (record: PodNetworkRecord) => detachRecord(parts, record, timeForDel(caller));
    if (found) await withCurrentRecord(parts, found, detach, caller);
    return found;
  },
  delete: async (selector, caller = {}) => {
    const found = selectForTeardown(parts.records, selector);
    const remove = (record: PodNetworkRecord) => deleteRecord(parts, record, timeForDel(caller));
    if (found) await withCurrentRecord(parts, found, remove, caller);
    else await removeNetnsWithoutRecord(parts, selector);
    return found;
  },
});

/** Hold the pod's lock. The record is `detached` or `pending` afterwards. */
const detachRecord = async (
  parts: CleanupParts,
  record: PodNetworkRecord,
  limitMs?: number,
): Promise<void> => {
  if (isUndone(record) || record.state === 'pending') return;
  parts.cleanups.begin(record.key);
  const detaching: PodNetworkRecord = {
    ...record,
    state: 'detaching',
    attachments: attachmentsToUndo(record),
  };
  crashPoint('detach: before intent');
  const intent = parts.records.force(detaching).then(() => crashPoint('detach: intent written'));
  await retryOrGiveUp(parts, detaching, limitMs, intent);
};

/** Detaches the record and removes its netns. Hold the pod's lock. A pending record stays. */
export const deleteRecord = async (
  parts: CleanupParts,
  record: PodNetworkRecord,
  limitMs?: number,
): Promise<void> => {
  const {records, netns, cleanups} = parts;
  await detachRecord(parts, record, limitMs);
  if (records.get(record.key)?.state === 'pending') return; // ends with a successful DEL, or when a person forgets it
  await netns.remove(record.netns); // after DEL, which may need the netns
  crashPoint('delete: netns removed');
  await records.drop(record.key);
  crashPoint('delete: record removed');
  cleanups.ended(record.key);
};

/** Detaches and drops a record whose netns is gone. Returns whether it was dropped. */
export const dropIfGone = async (parts: CleanupParts, key: string): Promise<boolean> => {
  const {records, netns, cleanups, log} = parts;
  const found = records.get(key);
  let isDropped = false;
  const drop = async (record: PodNetworkRecord) => {
    if (record.state === 'pending' || netns.exists(record.netns)) return;
    await detachRecord(parts, record);
    if (records.get(record.key)?.state === 'pending') return;
    await records.drop(record.key);
    cleanups.ended(record.key);
    isDropped = true;
    log.info('removed a pod network whose netns is gone', fieldsOfNetwork(record));
  };
  if (found) await withCurrentRecord(parts, found, drop);
  return isDropped;
};

/** Removes one of our netns if its record was lost. A netns with a record belongs to another sandbox. */
const removeNetnsWithoutRecord = async (
  {records, netns}: CleanupParts,
  selector: Selector,
): Promise<void> => {
  const isOurs = keyOfNetnsPath(netns.path, selector.netns) !== undefined;
  if (isOurs && !records.byNetns(selector.netns)) await netns.remove(selector.netns);
};
