/** The records in memory, with write-through to disk. Memory is authoritative while the network runtime runs. */
import type {PodNetworkRecord} from './record.ts';
import {createRecordIndex, type RecordIndex} from './record-index.ts';
import type {RecordStore} from './record-store.ts';

export interface Records extends RecordIndex {
  /** Writes to disk first: if that fails, nothing has changed. */
  put(record: PodNetworkRecord): Promise<void>;
  /** Adds the record to memory at once, so that its netns and addresses do not count as orphaned. Removes it if the write fails. */
  announce(record: PodNetworkRecord): Promise<void>;
  /** For cleanups, which continue when the disk fails: memory changes in any case. */
  force(record: PodNetworkRecord): Promise<void>;
  drop(key: string): Promise<void>;
}

export const createRecords = (store: RecordStore, initial: readonly PodNetworkRecord[]): Records => {
  const index = createRecordIndex(initial);
  return {
    ...index,
    put: async (record) => {
      await store.write(record);
      index.set(record);
    },
    announce: async (record) => {
      index.set(record);
      try {
        await store.write(record);
      } catch (error) {
        index.delete(record.key);
        throw error;
      }
    },
    force: async (record) => {
      index.set(record);
      // The store reports its trouble, and its next rewrite includes the record.
      await store.write(record, true).catch(() => undefined);
    },
    drop: async (key) => {
      await store.remove(key);
      index.delete(key);
    },
  };
};
