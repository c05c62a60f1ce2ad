/** The records on disk. */
import {access, constants, mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {errorText} from '../log.ts';
import {createJournal, readJournal} from '../store/journal.ts';
import {createQuarantine, type Quarantine} from '../store/quarantine.ts';
import {createReserve} from '../store/reserve.ts';
import {StateTooNew, StoreFailed} from './errors.ts';
import {readFirstVersion} from './first-version.ts';
import {outcomes, type PodNetworkRecord} from './record.ts';
import {decodeLine} from './record-file.ts';
import {createRecordJournal} from './record-journal.ts';

/** Disposing of it closes its file. */
export interface RecordStore extends AsyncDisposable {
  /** The records on disk when the store was opened. */
  readonly loaded: readonly PodNetworkRecord[];
  /**
   * `urgent` writes use the reserve when the disk is full: a finished cleanup must be recorded. When this resolves, an
   * outcome (`attached`, `detached`) survives a power loss; an intent (`created`, `attaching`, `detaching`) survives a crash
   * of the process only. That is enough: a power loss also removes all netns, interfaces and rules, and the start releases
   * addresses that have no record.
   */
  write(record: PodNetworkRecord, urgent?: boolean): Promise<void>;
  /** Always urgent. Removing an unknown record is fine. */
  remove(key: string): Promise<void>;
  /** State that could not be read, at this start or an earlier one. A person has to look at it. */
  readonly quarantine: Pick<Quarantine, 'names' | 'accept'>;
  /** Why the last attempt to write failed; `undefined` when it succeeded. */
  trouble(): StoreFailed | undefined;
  /** Tries to write, to refresh `trouble`. */
  probe(): Promise<void>;
}

const journalIn = (dir: string): string => join(dir, 'journal');

/** Reads the records and changes nothing on disk. */
export const readRecords = async (dir: string): Promise<PodNetworkRecord[]> => [
  ...(await replay(journalIn(dir))).records.values(),
];

const unwritable = 'the state directory is not writable';

/**
 * Also opens a store on a disk that cannot be written: its records are still known. `signsOfPods` returns sentences about
 * pods that seem to run on the node.
 */
export const openRecordStore = async (
  dir: string,
  signsOfPods: () => Promise<readonly string[]> = async () => [],
): Promise<RecordStore> => {
  const path = journalIn(dir);
  const quarantine = createQuarantine(join(dir, 'quarantine'), join(dir, 'accepted'));
  const {records, configs, content, retireFirstVersion, needsRewrite} = await load(
    dir,
    quarantine,
    signsOfPods,
  );
  const journal = createRecordJournal(
    createJournal(path, content, createReserve(join(dir, 'reserve'))),
    configs,
    () => records.values(),
  );

  let trouble: StoreFailed | undefined;
  const attempt = async (failure: string, work: () => Promise<void>): Promise<void> => {
    try {
      await quarantine.settle();
      await work();
      trouble = undefined;
    } catch (error) {
      trouble = new StoreFailed(failure, error);
      throw trouble;
    }
  };
  const append = async (failure: string, urgent: boolean, work: () => Promise<void>): Promise<void> => {
    const before = trouble;
    await attempt(failure, work);
    if (urgent) trouble = before; // it may have used the reserve, so its success does not prove free space
    await journal.compact();
  };
  const probe = async (): Promise<void> => {
    await attempt(unwritable, () => access(dir, constants.W_OK)); // a rewrite needs more than the open file
    await append(unwritable, false, journal.appendVersion);
  };
  const begin = async (): Promise<void> => {
    if (needsRewrite) await attempt(unwritable, journal.rewrite);
    await probe(); // which also takes the reserve
    await retireFirstVersion();
  };
  await begin().catch(() => undefined); // `trouble` says why

  return {
    loaded: [...records.values()],
    write: async (record, urgent = false) => {
      const before = records.get(record.key);
      records.set(record.key, record); // first: a rewrite may come before the line
      try {
        const options = {synced: outcomes.has(record.state), urgent};
        await append('cannot write the record of the pod network', urgent, () =>
          journal.put(record, options),
        );
      } catch (error) {
        // Keep an urgent record: it describes a change that has happened, and the next rewrite may store it.
        if (!urgent && before) records.set(record.key, before);
        if (!urgent && !before) records.delete(record.key);
        throw error;
      }
    },
    remove: async (key) => {
      const before = records.get(key);
      if (!before) return;
      records.delete(key);
      try {
        const options = {synced: true, urgent: true};
        await append('cannot remove the record of the pod network', true, () => journal.drop(key, options));
      } catch (error) {
        records.set(key, before);
        throw error;
      }
    },
    quarantine: {
      names: quarantine.names,
      accept: async () => {
        let names: readonly string[] = [];
        await attempt('cannot empty the quarantine', async () => {
          names = await quarantine.accept();
        });
        return names;
      },
    },
    trouble: () => trouble,
    probe: () => probe().catch(() => undefined),
    [Symbol.asyncDispose]: () => journal.close(),
  };
};

/** Reads all records, and puts unreadable state into the quarantine. */
const load = async (dir: string, quarantine: Quarantine, signsOfPods: () => Promise<readonly string[]>) => {
  const path = journalIn(dir);
  await mkdir(quarantine.path, {recursive: true, mode: 0o700}).catch(() => undefined); // `trouble` will say why
  const {records, configs, content} = await replay(path);
  const isDamaged = content.damaged > 0;
  if (isDamaged) {
    const name = `journal-${Date.now()}`;
    // On a full disk a rewrite may succeed where the copy fails: the report keeps it from hiding the damage.
    await quarantine.keep(path, name).catch((error: unknown) => {
      quarantine.report(
        name,
        reportOf('the journal was damaged and could not be copied', [errorText(error)]),
      );
    });
  }
  const first = await readFirstVersion(dir, quarantine.path);
  // Every start writes to the journal, so an empty one was lost.
  if (content.size === 0 && first.records.length === 0) {
    const signs = await signsOfPods().catch((error: unknown) => [errorText(error)]);
    if (signs.length > 0) quarantine.report(`missing-journal-${Date.now()}`, reportOf(missing, signs));
  }
  for (const record of first.records) records.set(record.key, record);
  return {
    records,
    configs: configs.keys(),
    content,
    retireFirstVersion: first.retire,
    needsRewrite: content.size === 0 || isDamaged || first.records.length > 0,
  };
};

const missing = 'the journal was missing or empty, while pods may have been running';

const reportOf = (reason: string, signs: readonly string[]): string => `${JSON.stringify({reason, signs})}\n`;

const replay = async (path: string) => {
  const records = new Map<string, PodNetworkRecord>();
  const configs = new Map<string, string>();
  const configNamed = (name: string) => configs.get(name);
  const content = await readJournal(path, (line) => {
    try {
      const entry = decodeLine(line, configNamed);
      if (entry.kind === 'put') records.set(entry.record.key, entry.record);
      if (entry.kind === 'drop') records.delete(entry.key);
      if (entry.kind === 'config') configs.set(entry.name, entry.text);
      return true;
    } catch (error) {
      if (error instanceof StateTooNew) throw error;
      return false;
    }
  });
  return {records, configs, content};
};
