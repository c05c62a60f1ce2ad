/**
 * Compares the records with the existing netns, before any call is served: after a restart of the node /run is empty and /var
 * is not. Slower recovery is left to `sweep` and `reconcile`.
 */
import type {Attachment} from '../cni/attachment.ts';
import {errorText, type Log} from '../log.ts';
import type {NetnsDir} from '../netns/netns-dir.ts';
import {fieldsOfNetwork} from './log-fields.ts';
import {isUndone, outcomes, type PodNetworkRecord} from './record.ts';
import type {RecordIndex} from './record-index.ts';
import type {RecordStore} from './record-store.ts';

export interface RecoverParts {
  readonly store: RecordStore;
  readonly netns: NetnsDir;
  readonly log: Log;
}

export interface Recovery {
  /** The records that are still valid. */
  readonly standing: readonly PodNetworkRecord[];
  /**
   * Whether a later state of the record may have been lost: the journal is damaged, the record is an intent, and its netns
   * exists, so a pod may run in it. The next call for the record replaces it, and ends this doubt.
   */
  readonly isDoubtful: (record: PodNetworkRecord) => boolean;
  /** Empties the quarantine, so that no record is in doubt. Returns the names of the files. */
  readonly acceptLoss: () => Promise<readonly string[]>;
}

export const recover = async (parts: RecoverParts): Promise<Recovery> => {
  const {store, netns} = parts;
  const isDamaged = await detectDamage(parts);
  const present = new Set(await netns.mounted());
  const standing: PodNetworkRecord[] = [];
  let doubtful = new WeakSet<PodNetworkRecord>();
  for (const record of store.loaded) {
    const isPresent = present.has(record.netns);
    const kept = isPresent ? record : await undoOrDrop(record, parts);
    if (!kept) continue;
    standing.push(kept);
    if (isDamaged && isPresent && !outcomes.has(kept.state)) doubtful.add(kept);
  }
  return {
    standing,
    isDoubtful: (record) => doubtful.has(record),
    acceptLoss: async () => {
      const names = await store.quarantine.accept();
      doubtful = new WeakSet();
      return names;
    },
  };
};

const detectDamage = async ({store, log}: RecoverParts): Promise<boolean> => {
  try {
    const names = await store.quarantine.names();
    const command = 'kni-runtime accept-loss';
    for (const file of names) log.warn('records may be lost, see the quarantine', {file, command});
    return names.length > 0;
  } catch (error) {
    log.warn('cannot read the quarantine directory', {error: errorText(error)});
    return true;
  }
};

/**
 * Whether records may have been lost: then things that seem orphaned may belong to a running pod. Rejects when the state cannot
 * be read; nothing must be removed then, either.
 */
export const isInDoubt = async ({
  store,
  netns,
  records,
  isDoubtful,
  strayLinks,
}: Pick<RecoverParts, 'store' | 'netns'> &
  Pick<Recovery, 'isDoubtful'> & {
    readonly records: RecordIndex;
    /** Links from our bridges into netns without a record. */
    readonly strayLinks: () => Promise<readonly unknown[]>;
  }): Promise<boolean> => {
  if ((await store.quarantine.names()).length === 0) return false;
  if ([...records.all()].some(isDoubtful)) return true;
  if ((await netns.mounted()).some((path) => records.byNetns(path) === undefined)) return true;
  return (await strayLinks()).length > 0;
};

/** After a power loss the last lines of the journal may be missing, so every plugin may have been started. */
const allStarted = (record: PodNetworkRecord): PodNetworkRecord => {
  if (record.attachments.every(({started}) => started === undefined)) return record;
  return {...record, attachments: record.attachments.map(withoutStarted)};
};

const withoutStarted = (attachment: Attachment): Attachment => {
  const {started: _, ...rest} = attachment;
  return rest;
};

/** A record whose netns is gone is dropped, or cleaned up if plugins have run. */
const undoOrDrop = async (
  record: PodNetworkRecord,
  {store, netns, log}: RecoverParts,
): Promise<PodNetworkRecord | undefined> => {
  if (netns.exists(record.netns)) return record; // the record has another path to the same directory
  if (record.state === 'pending') return allStarted(record);
  const fields = fieldsOfNetwork(record);
  if (!isUndone(record)) {
    log.info('netns is gone, will clean up its pod network', fields);
    return {...allStarted(record), state: 'detaching'};
  }
  log.info('netns is gone, dropping its record', fields);
  await store.remove(record.key).catch((error: unknown) => {
    log.warn('cannot drop a record', {...fields, error: errorText(error)});
  });
  return undefined;
};
