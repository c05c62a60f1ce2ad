/** The records in memory, which are the truth while the network runtime runs, written through to disk. */
import type {PodNetworkRecord} from './record.ts';
import {createRecordIndex, type RecordIndex} from './record-index.ts';
import type {RecordStore} from './record-store.ts';

export interface Records extends RecordIndex {
  /** Disk first: when that fails nothing has changed. */
  put(record: PodNetworkRecord): Promise<void>;
  /** For undoing, which has to go on whatever the disk does: memory follows in any case. */
  force(record: PodNetworkRecord): Promise<void>;
  drop(key: string): Promise<void>;
}

export const createRecords = (store: RecordStore, standing: readonly PodNetworkRecord[]): Records => {
  const index = createRecordIndex(standing);
  return {
    ...index,
    put: async (record) => {
      await store.write(record);
      index.set(record);
    },
    force: async (record) => {
      index.set(record);
      // The store tells of its trouble, and keeps what it could not write for the time when it can.
      await store.write(record, true).catch(() => undefined);
    },
    drop: async (key) => {
      await store.remove(key);
      index.delete(key);
    },
  };
};
