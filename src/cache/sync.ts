/** Flushes files to disk, so that they survive a power failure. */

import {open, readdir} from 'node:fs/promises';
import {join} from 'node:path';

/** The number of threads that Node.js has for files. Parallel flushes share writes of the disk. */
const together = 4;

/** Flushes `path` and everything below it. Takes about 0.2 ms per file. */
export const syncTree = async (path: string): Promise<void> => {
  const paths = pathsIn(path);
  const work = async (): Promise<void> => {
    for await (const each of paths) await syncPath(each);
  };
  await Promise.all(Array.from({length: together}, work));
};

/** Flushes the names in a directory, for example after a rename. */
export const syncDirectory = (path: string): Promise<void> => syncPath(path);

async function* pathsIn(directory: string): AsyncGenerator<string> {
  yield directory;
  for (const entry of await readdir(directory, {withFileTypes: true})) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* pathsIn(path);
    else if (entry.isFile()) yield path;
  }
}

const syncPath = async (path: string): Promise<void> => {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
};
