/** The records in memory, which are the truth while the network runtime runs, written through to disk. */
import {isUndone, type PodNetwork} from './record.ts';
import type {RecordStore} from './record-store.ts';

export interface Records {
  all(): readonly PodNetwork[];
  get(key: string): PodNetwork | undefined;
  /** Disk first: when that fails nothing has changed. */
  put(record: PodNetwork): Promise<void>;
  /** For undoing, which has to go on with a full disk: memory follows in any case. */
  force(record: PodNetwork): Promise<void>;
  drop(key: string): Promise<void>;
}

export const createRecords = (store: RecordStore, loaded: readonly PodNetwork[]): Records => {
  const records = new Map(loaded.map((record) => [record.key, record]));
  const put = async (record: PodNetwork) => {
    await store.write(record);
    records.set(record.key, record);
  };
  return {
    all: () => [...records.values()],
    get: (key) => records.get(key),
    put,
    force: async (record) => {
      records.set(record.key, record);
      try {
        await store.write(record);
      } catch {
        // A record on disk that still has something to undo says enough as it stands. Once nothing is left, it would
        // bring back addresses after a crash that are someone else's by then; removing it takes no space.
        if (isUndone(record)) await store.remove(record.key);
      }
    },
    drop: async (key) => {
      await store.remove(key);
      records.delete(key);
    },
  };
};
