/** One network runtime at a time: whoever has the file locked; the kernel frees it at death. */
import {closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync} from 'node:fs';
import {dirname} from 'node:path';
import {errorCodeOf} from '../lib/error-code.ts';
import {makeDirectory} from '../lib/make-directory.ts';
import {flock} from './flock.ts';

export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
}

/**
 * Held until the process ends. `what` is what the lock is for, in the message; the directory of the file is made. The file says who has it, and stays: a
 * second process could have opened it already, and would lock what has no name any more.
 */
export const takeLock = async (file: string, what: string, directoryMode = 0o700): Promise<void> => {
  const fd = openLockFile(file, directoryMode);
  if (fd === undefined) return;
  if (!(await flock(fd))) {
    const holder = readFileSync(fd, 'utf8').trim();
    closeSync(fd);
    throw new AlreadyRunning(`another network runtime${holder && `, process ${holder},`} is using ${what}`);
  }
  try {
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`, 0);
  } catch {
    // A disk that is full or cannot be written: it is locked all the same.
  }
};

/** Not through a FileHandle, which is closed with the garbage. Undefined where there is nothing that could be harmed. */
const openLockFile = (file: string, directoryMode: number): number | undefined => {
  const {O_RDWR, O_RDONLY, O_CREAT, O_NOFOLLOW} = constants;
  try {
    makeDirectory(dirname(file), directoryMode);
    return openSync(file, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  } catch (error) {
    if (!readOnly.has(errorCodeOf(error))) throw error;
  }
  try {
    return openSync(file, O_RDONLY | O_NOFOLLOW);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
};

const readOnly: ReadonlySet<string | undefined> = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT']);
