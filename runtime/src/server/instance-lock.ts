/** Ensures one network runtime at a time with a locked file. The kernel releases the lock when the process ends. */
import {closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync} from 'node:fs';
import {dirname} from 'node:path';
import {errorCodeOf} from '../lib/error-code.ts';
import {makeDirectory} from '../lib/make-directory.ts';
import {flock} from './flock.ts';

export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
}

/**
 * Locks `file` until the process ends and writes the pid into it. `what` names the protected path in the error message.
 * The file is never removed: another process may have opened it already, and would then lock a file without a name.
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
    // The disk is full or read-only: the lock holds without the pid.
  }
};

/**
 * Returns a number, because garbage collection closes a FileHandle. Undefined if the file is missing on a read-only disk:
 * then no network runtime can write there.
 */
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
