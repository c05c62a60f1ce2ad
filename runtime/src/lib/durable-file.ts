/** Replaces files so that a crash or power loss leaves either the old content or the new one. */
import {open, rename, rm} from 'node:fs/promises';
import {dirname} from 'node:path';

/** Suffix of a file that is being written; after a crash such files may be removed. */
export const temporarySuffix = '.tmp';

export const writeDurably = async (path: string, text: string, mode = 0o600): Promise<void> => {
  await replace(path, text, mode);
  await syncDirectoryOf(path);
};

/** Until the directory is synced, power loss may leave the old content. */
export const replace = async (path: string, text: string, mode = 0o600): Promise<void> => {
  const temporary = `${path}${temporarySuffix}`;
  try {
    const file = await open(temporary, 'w', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, {force: true}).catch(() => undefined); // frees its blocks: the disk may be full
    throw error;
  }
};

/** A created, renamed or removed file is durable only when its directory has been synced, too. */
export const syncDirectoryOf = async (path: string): Promise<void> => {
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
};
