/** Makes what was written survive a power cut. */

import {open, readdir} from 'node:fs/promises';
import {join} from 'node:path';

/** As many as Node.js has threads for files: the disk writes what comes together at once. */
const together = 4;

/** Every file and directory below `path`, and itself. About 0.2 ms a file. */
export const syncTree = async (path: string): Promise<void> => {
  const paths = pathsIn(path);
  const work = async (): Promise<void> => {
    for await (const each of paths) await syncPath(each);
  };
  await Promise.all(Array.from({length: together}, work));
};

/** The names in a directory: a rename is on disk after this. */
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
