/** Keeps unreadable state until a person accepts the loss. Until then, things without a record are not removed. */
import {copyFile, mkdir, open, rename} from 'node:fs/promises';
import {join} from 'node:path';
import {syncDirectoryOf, writeDurably} from '../lib/durable-file.ts';
import {namesIn} from '../lib/names-in.ts';

export interface Quarantine {
  /** Path of the directory. */
  readonly path: string;
  /** Keeps a copy of a file. */
  readonly keep: (path: string, name: string) => Promise<void>;
  /** Reports a loss. The report counts at once, and is on disk after the next `settle`. */
  readonly report: (name: string, text: string) => void;
  /** Writes the reports. It must succeed before the state is written again, or a later process would not know of the loss. */
  readonly settle: () => Promise<void>;
  /** Rejects if the directory cannot be read. */
  readonly names: () => Promise<readonly string[]>;
  /** Moves all files to the directory of accepted losses, which no code reads. Returns their names. */
  readonly accept: () => Promise<readonly string[]>;
}

export const createQuarantine = (path: string, acceptedPath: string): Quarantine => {
  const reports = new Map<string, string>();
  const settle = async (): Promise<void> => {
    for (const [name, text] of reports) {
      await mkdir(path, {recursive: true, mode: 0o700});
      await syncDirectoryOf(path);
      await writeDurably(join(path, name), text);
      reports.delete(name);
    }
  };
  return {
    path,
    keep: async (from, name) => {
      const copy = join(path, name);
      await copyFile(from, copy);
      const file = await open(copy, 'r');
      try {
        await file.sync();
      } finally {
        await file.close();
      }
      await syncDirectoryOf(copy);
    },
    report: (name, text) => void reports.set(name, text),
    settle,
    names: async () => [...new Set([...(await namesIn(path)), ...reports.keys()])],
    accept: async () => {
      await settle();
      const names = await namesIn(path);
      await mkdir(acceptedPath, {recursive: true, mode: 0o700});
      const taken = new Set(await namesIn(acceptedPath));
      for (const name of names) {
        const free = taken.has(name) ? `${name}-${Date.now()}` : name;
        await rename(join(path, name), join(acceptedPath, free));
      }
      await syncDirectoryOf(join(acceptedPath, 'any'));
      await syncDirectoryOf(join(path, 'any'));
      return names;
    },
  };
};
