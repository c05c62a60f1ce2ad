/** The records on disk, one file each in one directory. */
import {mkdir, readdir, readFile, rename, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {removeDurably, temporarySuffix, writeDurably} from '../durable-file.ts';
import {StateTooNew, StoreFailed} from './errors.ts';
import type {PodNetwork} from './record.ts';
import {decodeRecord, encodeRecord} from './record-file.ts';

export interface RecordStore {
  load(): Promise<LoadedRecords>;
  write(record: PodNetwork): Promise<void>;
  remove(key: string): Promise<void>;
}

export interface LoadedRecords {
  readonly records: readonly PodNetwork[];
  /** Keys of records that could not be read, now or at an earlier start; their files are kept aside. */
  readonly quarantined: readonly string[];
}

const extension = '.json';

export const openRecordStore = async (dir: string): Promise<RecordStore> => {
  const quarantine = join(dir, 'quarantine');
  await mkdir(quarantine, {recursive: true, mode: 0o700});
  const pathOf = (key: string) => join(dir, `${key}${extension}`);

  const read = async (key: string): Promise<PodNetwork | undefined> => {
    try {
      const record = decodeRecord(await readFile(pathOf(key), 'utf8'));
      if (record.key === key) return record;
    } catch (error) {
      if (error instanceof StateTooNew) throw error;
    }
    await rename(pathOf(key), join(quarantine, `${key}${extension}`));
    return undefined;
  };

  return {
    load: async () => {
      const names = await readdir(dir);
      for (const name of names) if (name.endsWith(temporarySuffix)) await rm(join(dir, name), {force: true});
      const records: PodNetwork[] = [];
      for (const key of keysIn(names)) {
        const record = await read(key);
        if (record) records.push(record);
      }
      return {records, quarantined: keysIn(await readdir(quarantine))};
    },
    write: async (record) => {
      try {
        await writeDurably(pathOf(record.key), encodeRecord(record));
      } catch (error) {
        throw new StoreFailed('the record of the network cannot be written', error);
      }
    },
    remove: async (key) => {
      try {
        await removeDurably(pathOf(key));
      } catch (error) {
        throw new StoreFailed('the record of the network cannot be removed', error);
      }
    },
  };
};

const keysIn = (names: readonly string[]): string[] =>
  names.filter((name) => name.endsWith(extension)).map((name) => name.slice(0, -extension.length));
