/** Takes over the state of version 1, which was one file for each record, in the directory that now holds the journal. */
import {readdir, readFile, rename, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {temporarySuffix, writeDurably} from '../lib/durable-file.ts';
import {namesIn} from '../lib/names-in.ts';
import {StateTooNew} from './errors.ts';
import type {PodNetworkRecord} from './record.ts';
import {decodeFirstVersion, stateVersion} from './record-file.ts';

const extension = '.json';
/** Keeps a network runtime of version 1 from starting here, and believing that there are no pods. */
const sign = 'moved-to-journal.json';

export interface FirstVersion {
  readonly records: readonly PodNetworkRecord[];
  /** To be called once the records are safe elsewhere. */
  readonly retire: () => Promise<void>;
}

/** What cannot be read is put into the quarantine. Throws StateTooNew where a later version was at work. */
export const readFirstVersion = async (dir: string, quarantine: string): Promise<FirstVersion> => {
  const names = await namesIn(dir);
  const records: PodNetworkRecord[] = [];
  for (const name of names.filter((each) => each.endsWith(extension) && each !== sign)) {
    const record = await read(join(dir, name));
    if (record && `${record.key}${extension}` === name) records.push(record);
    else await rename(join(dir, name), join(quarantine, name)).catch(() => undefined);
  }
  return {
    records,
    retire: async () => {
      if (names.includes(sign)) return;
      await writeDurably(join(dir, sign), `${JSON.stringify({version: stateVersion})}\n`);
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
