/**
 * Holds the records against the netns that exist, before anyone is served: after a crash or a node restart (/run is empty
 * then, /var is not). All else, which may take longer, is left to `sweep` and `reconcile`.
 */
import {type Log, textOf} from '../log.ts';
import type {NetnsDir} from '../netns/netns-dir.ts';
import {fieldsOfNetwork} from './log-fields.ts';
import {isUndone, type PodNetwork} from './record.ts';
import type {RecordIndex} from './record-index.ts';
import type {RecordStore} from './record-store.ts';

export interface RecoverParts {
  readonly store: RecordStore;
  readonly netns: NetnsDir;
  readonly log: Log;
}

/** Returns the records that still stand. */
export const recover = async (parts: RecoverParts): Promise<PodNetwork[]> => {
  const {store, netns, log} = parts;
  try {
    for (const name of await store.quarantined())
      log.warn('some of the state cannot be read and is kept aside', {file: name});
  } catch (error) {
    log.warn('it cannot be told whether some of the state is kept aside', {error: textOf(error)});
  }
  const present = new Set(await netns.mounted());
  const standing: PodNetwork[] = [];
  for (const record of store.loaded) {
    const stands = present.has(record.netns) ? record : await undoOrDrop(record, parts);
    if (stands) standing.push(stands);
  }
  return standing;
};

/**
 * Whether records may have been lost: what seems to have no owner may be that of a pod that still runs. Rejects when it
 * cannot be told, which is no reason to clear anything away either.
 */
export const isInDoubt = async ({
  store,
  netns,
  records,
}: Pick<RecoverParts, 'store' | 'netns'> & {readonly records: RecordIndex}): Promise<boolean> => {
  if ((await store.quarantined()).length === 0) return false;
  return (await netns.mounted()).some((path) => records.byNetns(path) === undefined);
};

/** A network whose netns is gone has nothing to offer: it is dropped, or undone when plugins have been at work. */
const undoOrDrop = async (
  record: PodNetwork,
  {store, log}: RecoverParts,
): Promise<PodNetwork | undefined> => {
  const fields = fieldsOfNetwork(record);
  if (!isUndone(record)) {
    log.info('the netns is gone, its network will be undone', fields);
    return {...record, state: 'detaching'};
  }
  log.info('the netns is gone, its record is dropped', fields);
  await store.remove(record.key).catch((error: unknown) => {
    log.warn('a record cannot be dropped', {...fields, error: textOf(error)});
  });
  return undefined;
};
