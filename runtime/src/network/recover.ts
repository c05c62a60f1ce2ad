/**
 * Holds the records against the netns that exist, before anyone is served: after a crash or a node restart (/run is empty
 * then, /var is not). All else, which may take longer, is left to `sweep` and `reconcile`.
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
  /** The records that still stand. */
  readonly standing: readonly PodNetworkRecord[];
  /**
   * Whether the last word on it may have been lost: it is as an earlier line says, which is what a crash leaves as well,
   * but there is damage, and its netns is there. A pod may run in it. Whoever asks for it makes another record of it.
   */
  readonly isDoubtful: (record: PodNetworkRecord) => boolean;
  /** Moves what is in the quarantine away: from then on no record is in doubt. Returns the names of the files. */
  readonly acceptLoss: () => Promise<readonly string[]>;
}

export const recover = async (parts: RecoverParts): Promise<Recovery> => {
  const {store, netns} = parts;
  const isDamaged = await tellDamage(parts);
  const present = new Set(await netns.mounted());
  const standing: PodNetworkRecord[] = [];
  let doubtful = new WeakSet<PodNetworkRecord>();
  for (const record of store.loaded) {
    const isPresent = present.has(record.netns);
    const stands = isPresent ? record : await undoOrDrop(record, parts);
    if (!stands) continue;
    standing.push(stands);
    if (isDamaged && isPresent && !outcomes.has(stands.state)) doubtful.add(stands);
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

const tellDamage = async ({store, log}: RecoverParts): Promise<boolean> => {
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
 * Whether records may have been lost: what seems to have no owner may be that of a pod that still runs. Rejects when it
 * cannot be told, which is no reason to clear anything away either.
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
    /** Links that lead from our bridges into netns without a record. */
    readonly strayLinks: () => Promise<readonly unknown[]>;
  }): Promise<boolean> => {
  if ((await store.quarantine.names()).length === 0) return false;
  if ([...records.all()].some(isDoubtful)) return true;
  if ((await netns.mounted()).some((path) => records.byNetns(path) === undefined)) return true;
  return (await strayLinks()).length > 0;
};

/** After a loss of power the last lines of the journal may be missing: every plugin may have been started. */
const allStarted = (record: PodNetworkRecord): PodNetworkRecord => {
  if (record.attachments.every(({started}) => started === undefined)) return record;
  return {...record, attachments: record.attachments.map(withoutStarted)};
};

const withoutStarted = (attachment: Attachment): Attachment => {
  const {started: _, ...rest} = attachment;
  return rest;
};

/** A network whose netns is gone has nothing to offer: it is dropped, or undone when plugins have been at work. */
const undoOrDrop = async (
  record: PodNetworkRecord,
  {store, netns, log}: RecoverParts,
): Promise<PodNetworkRecord | undefined> => {
  if (netns.exists(record.netns)) return record; // under another path to the same directory
  if (record.state === 'pending') return allStarted(record);
  const fields = fieldsOfNetwork(record);
  if (!isUndone(record)) {
    log.info('the netns is gone, its network will be undone', fields);
    return {...allStarted(record), state: 'detaching'};
  }
  log.info('the netns is gone, its record is dropped', fields);
  await store.remove(record.key).catch((error: unknown) => {
    log.warn('a record cannot be dropped', {...fields, error: errorText(error)});
  });
  return undefined;
};
