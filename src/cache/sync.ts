/** Makes what was written survive a power cut. */

import {open, readdir} from 'node:fs/promises';
import {join} from 'node:path';

/** Every file and directory below `path`, and itself. */
export const syncTree = async (path: string): Promise<void> => {
  for (const entry of await readdir(path, {withFileTypes: true})) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) await syncTree(child);
    else if (entry.isFile()) await syncPath(child);
  }
  await syncPath(path);
};

/** The names in a directory: a rename is on disk after this. */
export const syncDirectory = (path: string): Promise<void> => syncPath(path);

const syncPath = async (path: string): Promise<void> => {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
};
