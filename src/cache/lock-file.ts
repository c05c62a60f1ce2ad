/** The file that is locked: opened, read by those who wait, and removed with a cache that is otherwise empty. */

import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import {dirname} from 'node:path';
import {z} from 'zod';
import {UserError} from '../errors.ts';
import {exitCodes} from '../exit-codes.ts';
import {processStatus} from '../host/process-status.ts';
import {makeDirectory} from '../make-directory.ts';
import {errorCodeOf, messageOf} from '../thrown.ts';
import {lockName} from './dirs.ts';

const record = z.object({
  pid: z.number().int().positive(),
  command: z.string(),
  /** ISO 8601. */
  since: z.string(),
  /** `pid:[4026531836]`: a pid means another process in another one. */
  pidNamespace: z.string(),
});

export interface Holder {
  readonly pid: number;
  /** `kni-demo up` */
  readonly command: string;
  /** ISO 8601. */
  readonly since: string;
  /** By Ctrl-Z, for example. It keeps the lock until it continues. */
  readonly isStopped: boolean;
  /** Whether its pid means that process here too: false for a holder in a container. */
  readonly isHere: boolean;
}

export interface LockFile {
  readonly fd: number;
  readonly path: string;
  /** The directories that were made for it, the innermost first. */
  readonly made: readonly string[];
}

/** Makes the file readable by its owner only: every process that can open it could lock it. */
export const openLockFile = (path: string): LockFile => {
  const {O_RDWR, O_RDONLY, O_CREAT, O_NOFOLLOW} = constants;
  // The parent can vanish in between: its lock was the last thing in it.
  for (let attempt = 1; ; attempt++) {
    try {
      const made = makeDirectory(dirname(path));
      return {fd: openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600), path, made};
    } catch (error) {
      if (errorCodeOf(error) === 'ENOENT' && attempt < 3) continue;
      try {
        // flock(2) needs no write access: a read-only cache can be locked too.
        return {fd: openSync(path, O_RDONLY | O_NOFOLLOW), path, made: []};
      } catch {
        throw notLockable(path, error);
      }
    }
  }
};

export const notLockable = (path: string, error: unknown): UserError =>
  new UserError(
    {
      what: 'cannot lock the cache',
      why: `${path}: ${messageOf(error)}`,
      tryThis:
        errorCodeOf(error) === 'ENOENT' && messageOf(error).includes('spawn')
          ? 'install flock, which is in the package util-linux'
          : 'set XDG_CACHE_HOME to a directory of your own, on a disk of this machine',
      exitCode: exitCodes.hostLacks,
    },
    {cause: error},
  );

/** False where another process removed the file since it was opened: the next one would lock another file. */
export const isInPlace = ({fd, path}: LockFile): boolean => {
  const [ours, named] = [fstatSync(fd), statSync(path, {throwIfNoEntry: false})];
  return named?.ino === ours.ino && named.dev === ours.dev;
};

export const writeHolder = ({fd}: LockFile, command: string): void => {
  const text = JSON.stringify({
    pid: process.pid,
    command,
    since: new Date().toISOString(),
    pidNamespace: pidNamespace(),
  });
  try {
    ftruncateSync(fd);
    writeSync(fd, `${text}\n`, 0);
  } catch {
    // A full or read-only disk. The file is locked nevertheless.
  }
};

/** Undefined where the file names no process, or one that has ended: another process got the lock just now. */
export const readHolder = ({fd}: LockFile): Holder | undefined => {
  const buffer = Buffer.alloc(4_096);
  const text = buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, 0));
  const holder = record.safeParse(jsonOf(text));
  if (!holder.success) return undefined;
  const {pidNamespace: namespace, ...named} = holder.data;
  const isHere = namespace === pidNamespace();
  const {state} = isHere ? processStatus(named.pid) : {};
  if (isHere && state === undefined) return undefined;
  return {...named, isStopped: state === 'T' || state === 't', isHere};
};

/** Ends the lock. Where the lock is all that the cache contains, the cache goes too. */
export const closeLockFile = ({fd, path, made}: LockFile): void => {
  try {
    ftruncateSync(fd);
    const cache = dirname(path);
    if (readdirSync(cache).every((name) => name === lockName)) {
      unlinkSync(path);
      for (const directory of new Set([cache, ...made])) rmdirSync(directory);
    }
  } catch {
    // The cache is gone, cannot be written, or has got something since.
  }
  closeSync(fd);
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const pidNamespace = (): string => {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
};
