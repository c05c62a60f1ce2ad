/** Migrates the state of version 1: one file for each record, in the directory that now holds the journal. */
import {readdir, readFile, rename, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {temporarySuffix, writeDurably} from '../lib/durable-file.ts';
import {namesIn} from '../lib/names-in.ts';
import {StateTooNew} from './errors.ts';
import type {PodNetworkRecord} from './record.ts';
import {decodeFirstVersion, stateVersion} from './record-file.ts';

const extension = '.json';
/** A network runtime of version 1 refuses to start when it finds this file. Without it, it would see a node without pods. */
const marker = 'moved-to-journal.json';

export interface FirstVersion {
  readonly records: readonly PodNetworkRecord[];
  /** Removes the old files. Call it when the records are in the journal. */
  readonly retire: () => Promise<void>;
}

/** Moves unreadable files into the quarantine. Throws StateTooNew if a later version has written the state. */
export const readFirstVersion = async (dir: string, quarantine: string): Promise<FirstVersion> => {
  const names = await namesIn(dir);
  const records: PodNetworkRecord[] = [];
  for (const name of names.filter((each) => each.endsWith(extension) && each !== marker)) {
    const record = await read(join(dir, name));
    if (record && `${record.key}${extension}` === name) records.push(record);
    else await rename(join(dir, name), join(quarantine, name)).catch(() => undefined);
  }
  return {
    records,
    retire: async () => {
      if (names.includes(marker)) return;
      await writeDurably(join(dir, marker), `${JSON.stringify({version: stateVersion})}\n`);
      for (const {key} of records) await rm(join(dir, `${key}${extension}`), {force: true});
      for (const name of await readdir(dir))
        if (name.endsWith(`${extension}${temporarySuffix}`)) await rm(join(dir, name), {force: true});
    },
  };
};

const read = async (path: string): Promise<PodNetworkRecord | undefined> => {
  try {
    return decodeFirstVersion(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof StateTooNew) throw error;
    return undefined;
  }
};
