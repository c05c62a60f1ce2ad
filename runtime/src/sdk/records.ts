/** Records in memory, and a journal of them on disk that survives a crash at any byte. */
import {dirname} from 'node:path';
import {createJournal, type Journal, readJournal} from '../store/journal.ts';
import {createReserve} from '../store/reserve.ts';
import {log} from './log.ts';

export interface Records<Value> {
  all(): Iterable<Value>;
  /** An outcome survives a power loss. A cleanup may use the reserve when the disk is full. */
  put(
    key: string,
    value: Value,
    options: {readonly isOutcome: boolean; readonly isCleanup: boolean},
  ): Promise<void>;
  drop(key: string): Promise<void>;
}

/** Smaller journals are not worth a rewrite. */
const smallBytes = 64 * 1024;

/** `path` is the file; its directory must exist. Values must be JSON objects. */
export const openRecords = async <Value>(path: string): Promise<Records<Value>> => {
  const values = new Map<string, Value>();
  const content = await readJournal(path, (line) => replay(line, values));
  if (content.damaged > 0) log.error('left out damaged records', {path, lines: content.damaged});
  const journal = createJournal(path, content, createReserve(`${dirname(path)}/reserve`));
  const compact = createCompaction(journal, values);
  return {
    all: () => values.values(),
    put: async (key, value, {isOutcome, isCleanup}) => {
      const before = values.get(key);
      values.set(key, value); // first: a rewrite may come before the line
      try {
        await journal.append([JSON.stringify({key, value})], {synced: isOutcome, urgent: isCleanup});
      } catch (error) {
        if (before === undefined) values.delete(key);
        else values.set(key, before);
        throw error;
      }
      await compact();
    },
    drop: async (key) => {
      const before = values.get(key);
      if (before === undefined) return;
      values.delete(key);
      try {
        await journal.append([JSON.stringify({key})], {synced: true, urgent: true});
      } catch (error) {
        values.set(key, before);
        throw error;
      }
      await compact();
    },
  };
};

/** Returns false for a line that it does not understand. */
const replay = <Value>(line: string, values: Map<string, Value>): boolean => {
  let entry: {readonly key?: unknown; readonly value?: Value} | null;
  try {
    entry = JSON.parse(line);
  } catch {
    return false;
  }
  if (typeof entry?.key !== 'string') return false;
  values.delete(entry.key); // so that the order is that of the last writes
  if (entry.value !== undefined) values.set(entry.key, entry.value);
  return true;
};

/** Rewrites a journal that is mostly history, or whose last sync has failed. A failed rewrite only costs disk space. */
const createCompaction = <Value>(journal: Journal, values: ReadonlyMap<string, Value>) => {
  let compactBytes = smallBytes;
  let isRewriting = false;
  return async (): Promise<void> => {
    if (isRewriting || !(journal.size() > 2 * compactBytes || journal.isSuspect())) return;
    isRewriting = true;
    try {
      await journal.rewrite(() => Array.from(values, ([key, value]) => JSON.stringify({key, value})));
      compactBytes = Math.max(smallBytes, journal.size());
    } catch (error) {
      log.warn('cannot rewrite the journal', {error: String(error)});
    } finally {
      isRewriting = false;
    }
  };
};
