/** The records on disk: a journal, made anew when most of it is history. */
import {createHash} from 'node:crypto';
import {access, constants, mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {memoize} from '../lib/memoize.ts';
import {errorText} from '../log.ts';
import {type Appending, createJournal, type Line, readJournal} from '../store/journal.ts';
import {createQuarantine, type Quarantine} from '../store/quarantine.ts';
import {createReserve} from '../store/reserve.ts';
import {StateTooNew, StoreFailed} from './errors.ts';
import {readFirstVersion} from './first-version.ts';
import {outcomes, type PodNetworkRecord} from './record.ts';
import {configLine, configsOf, decodeLine, dropLine, putLine, versionLine} from './record-file.ts';

/** Disposed of, it lets go of its file. */
export interface RecordStore extends AsyncDisposable {
  /** What was there when it was opened. */
  readonly loaded: readonly PodNetworkRecord[];
  /**
   * `urgent`: what was given back has to be written even on a full disk. An outcome (`attached`, `detached`) is safe
   * from loss of power when this resolves; an intent (`created`, `attaching`, `detaching`) from a crash only: without
   * power there are no netns, interfaces and rules left either, and addresses without an owner are released at start.
   */
  write(record: PodNetworkRecord, urgent?: boolean): Promise<void>;
  /** Always urgent. A record that is not there is fine. */
  remove(key: string): Promise<void>;
  /** What could not be read, now or at an earlier start. A person has to look at it. */
  readonly quarantine: Pick<Quarantine, 'names' | 'accept'>;
  /** Why nothing can be written, by the last attempt. */
  trouble(): StoreFailed | undefined;
  /** Tries to write, so that `trouble` is up to date. */
  probe(): Promise<void>;
}

const journalIn = (dir: string): string => join(dir, 'journal');

/** What is there, without touching it. */
export const readRecords = async (dir: string): Promise<PodNetworkRecord[]> => [
  ...(await replay(journalIn(dir))).live.values(),
];

/** Below this size history is not worth a rewrite. */
const smallBytes = 256 * 1024;

/**
 * Opens what can be opened: on a disk that cannot be written, what is there is still known. `signsOfPods` tells whether
 * pods run on the node, in words.
 */
export const openRecordStore = async (
  dir: string,
  signsOfPods: () => Promise<readonly string[]> = async () => [],
): Promise<RecordStore> => {
  const path = journalIn(dir);
  const quarantine = createQuarantine(join(dir, 'quarantine'), join(dir, 'accepted'));
  await mkdir(quarantine.path, {recursive: true, mode: 0o700}).catch(() => undefined); // writing will tell
  const {live, configs: readConfigs, ...content} = await replay(path);
  const damaged = content.damaged > 0;
  if (damaged) await quarantine.keep(path, `journal-${Date.now()}`).catch(() => undefined);
  const first = await readFirstVersion(dir, quarantine.path);
  // Each start leaves a journal that is not empty.
  if (content.size === 0 && first.records.length === 0) {
    const signs = await signsOfPods().catch((error: unknown) => [errorText(error)]);
    if (signs.length > 0) quarantine.report(`missing-journal-${Date.now()}`, reportOf(signs));
  }
  /** Names of the configurations that the journal has. */
  let journaled = new Set(readConfigs.keys());
  for (const record of first.records) live.set(record.key, record);

  const journal = createJournal(path, content, createReserve(join(dir, 'reserve')));
  let compactBytes = content.size;
  let rewriting = false;
  const rewrite = async (): Promise<void> => {
    rewriting = true;
    try {
      let written: readonly string[] = [];
      await journal.rewrite(() => {
        const records = [...live.values()];
        // Of those in use: a pod may have had one of its own.
        const configs = new Map(records.flatMap((record) => configsOf(record, nameOf)));
        written = [...configs.keys()];
        // Of records that come meanwhile: those that both files have, since which of them it will be is not known yet.
        journaled = new Set(written.filter((name) => journaled.has(name)));
        return [
          versionLine,
          ...Array.from(configs, ([name, text]) => configLine(name, text)),
          ...records.map((record) => putLine(record, nameOf)),
        ];
      });
      for (const name of written) journaled.add(name);
      compactBytes = journal.size();
    } finally {
      rewriting = false;
    }
  };

  let trouble: StoreFailed | undefined;
  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await quarantine.settle();
      await work();
      trouble = undefined;
    } catch (error) {
      trouble = new StoreFailed(what, error);
      throw trouble;
    }
  };
  const append = async (lines: readonly string[], how: Appending, what: string): Promise<void> => {
    const before = trouble;
    await attempt(what, () => journal.append(lines, how));
    if (how.urgent) trouble = before; // the reserve may have been used: that is no sign of space
    const isMostlyHistory = journal.size() > Math.max(smallBytes, 2 * compactBytes);
    // A rewrite that fails costs space, nothing else.
    if (isMostlyHistory && !rewriting) await rewrite().catch(() => undefined);
  };
  const unwritable = 'the state directory cannot be written';
  /** By path too: the open file may still be written where a rewrite could not. */
  const probe = async () => {
    await attempt(unwritable, () => access(dir, constants.W_OK));
    await append([versionLine], {synced: true, urgent: false}, unwritable);
  };

  const isFresh = content.size === 0 || damaged || first.records.length > 0;
  const begin = async (): Promise<void> => {
    if (isFresh) await attempt(unwritable, rewrite);
    await probe(); // which also takes the reserve
    await first.retire();
  };
  await begin().catch(() => undefined);
  return {
    loaded: [...live.values()],
    write: async (record, urgent = false) => {
      const before = live.get(record.key);
      live.set(record.key, record); // first: a rewrite may come before the line
      const fresh = [...new Map(configsOf(record, nameOf))].filter(([name]) => !journaled.has(name));
      const lines = [...fresh.map(([name, text]) => configLine(name, text)), putLine(record, nameOf)];
      try {
        const synced = outcomes.has(record.state);
        await append(lines, {synced, urgent}, 'the record of the network cannot be written');
        for (const [name] of fresh) journaled.add(name);
      } catch (error) {
        // What was undone is undone: the next rewrite may say so.
        if (!urgent && before) live.set(record.key, before);
        if (!urgent && !before) live.delete(record.key);
        throw error;
      }
    },
    remove: async (key) => {
      const before = live.get(key);
      if (!before) return;
      live.delete(key);
      try {
        await append(
          [dropLine(key)],
          {synced: true, urgent: true},
          'the record of the network cannot be removed',
        );
      } catch (error) {
        live.set(key, before);
        throw error;
      }
    },
    quarantine: {
      names: quarantine.names,
      accept: async () => {
        let names: readonly string[] = [];
        await attempt('the quarantine cannot be emptied', async () => {
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

const reportOf = (signs: readonly string[]): string =>
  `${JSON.stringify({reason: 'the journal was missing or empty, while pods may have been running', signs})}\n`;

const nameOf = memoize(16, (text) => createHash('sha256').update(text).digest('hex').slice(0, 16));

const replay = async (path: string) => {
  const live = new Map<string, PodNetworkRecord>();
  const configs = new Map<string, string>();
  const configNamed = (name: string) => configs.get(name);
  const take = (line: Line): boolean => {
    try {
      const entry = decodeLine(line, configNamed);
      if (entry.kind === 'put') live.set(entry.record.key, entry.record);
      if (entry.kind === 'drop') live.delete(entry.key);
      if (entry.kind === 'config') configs.set(entry.name, entry.text);
      return true;
    } catch (error) {
      if (error instanceof StateTooNew) throw error;
      return false;
    }
  };
  return {...(await readJournal(path, take)), live, configs};
};
