/** Replaces and removes files so that a crash or power loss leaves the old content or the new one, never a mixture. */
import {open, rename, rm} from 'node:fs/promises';
import {dirname} from 'node:path';

/** Ends the name of a file in the making; what carries it after a crash may be removed. */
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
    await rm(temporary, {force: true}).catch(() => undefined); // on a full disk every block counts
    throw error;
  }
};

/** A file that was made, renamed or removed is so only in its directory, which has to reach the disk as well. */
export const syncDirectoryOf = async (path: string): Promise<void> => {
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
};
