/** Cleans up in the background after crashes and failed DELs, and deletes abandoned networks. */
import {errorText} from '../log.ts';
import type {AbandonedNetworks} from './abandoned.ts';
import {inputsReader, retryOrGiveUp} from './cleanup.ts';
import {withCurrentRecord} from './current-record.ts';
import type {CleanupParts, PodNetworkService} from './lifecycle.ts';
import {fieldsOfNetwork} from './log-fields.ts';
import {podKeyOf} from './pod-ref.ts';
import {isUnfinished, type PodNetworkRecord} from './record.ts';
import {deleteRecord} from './teardown.ts';

export const createSweep = (
  parts: CleanupParts,
  {isAbandoned}: AbandonedNetworks,
): PodNetworkService['sweep'] => {
  const {records, netns, lock, log, isDoubtful, cleanups} = parts;

  /** Whether the network is cleaned up and its netns is gone. Such a record remains only after a disk error. */
  const isEmpty = (record: PodNetworkRecord): boolean =>
    record.state === 'detached' && !netns.exists(record.netns);

  const isLeftover = (record: PodNetworkRecord): boolean =>
    !isDoubtful(record) && (isAbandoned(record) || isUnfinished(record) || isEmpty(record));

  /** Skip pods with a call in progress: they are not leftovers, and a hanging call must not delay the others. */
  const isDue = (record: PodNetworkRecord, inputs: (record: PodNetworkRecord) => string): boolean =>
    isLeftover(record) &&
    !lock.isHeld(podKeyOf(record.pod)) &&
    cleanups.isDue(record.key, () => inputs(record));

  /** After a restart of the node, the file on which the netns was mounted may be there. */
  const dropWithFile = async (record: PodNetworkRecord): Promise<void> => {
    await netns.remove(record.netns);
    await records.drop(record.key);
  };

  const cleanUp = async (record: PodNetworkRecord): Promise<void> => {
    if (!isLeftover(record)) return;
    if (isEmpty(record)) {
      await dropWithFile(record);
      return;
    }
    if (record.state !== 'pending' && isAbandoned(record)) {
      await deleteRecord(parts, record);
      log.info('deleted an abandoned pod network', fieldsOfNetwork(record));
      return;
    }
    // Without a netns, as after a node restart, the kubelet does not call Detach or Delete for this sandbox.
    const isGone = !netns.exists(record.netns);
    if (isGone) cleanups.begin(record.key);
    await retryOrGiveUp(parts, record);
    const isPending = record.state === 'pending' || records.get(record.key)?.state === 'pending';
    if (isPending) return;
    if (isGone) await dropWithFile(record);
    log.info('cleaned up after an interrupted or failed call', fieldsOfNetwork(record));
  };

  const cleanUpOrLog = (record: PodNetworkRecord): Promise<void> =>
    withCurrentRecord(parts, record, cleanUp).catch((error: unknown) => {
      // Also back off after errors that are not DEL's, such as a netns that cannot be removed.
      if (cleanups.nextIn(record.key) === 0)
        cleanups.failed(record.key, {
          kind: 'detaching',
          cause: errorText(error),
          inputs: inputsReader(parts)(record),
        });
      log.warn('cleanup failed, will retry', {...fieldsOfNetwork(record), error: errorText(error)});
    });

  return async () => {
    const inputs = inputsReader(parts);
    const due = [...records.all()].filter((record) => isDue(record, inputs));
    await Promise.all(due.map(cleanUpOrLog));
  };
};
