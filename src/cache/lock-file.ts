/** A lock file. It names the holder for waiting processes, and is removed if the rest of its directory is gone. */

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
import {dirname, join} from 'node:path';
import {z} from 'zod';
import {UserError} from '../errors.ts';
import {processStatus} from '../host/process-status.ts';
import {makeDirectory} from '../make-directory.ts';
import {errorCodeOf, messageOf} from '../thrown.ts';
import {type Dirs, lockName} from './dirs.ts';

const record = z.object({
  pid: z.number().int().positive(),
  command: z.string(),
  /** ISO 8601. */
  since: z.string(),
  /** `pid:[4026531836]`. The same pid means another process in another namespace. */
  pidNamespace: z.string(),
});

export interface Holder {
  readonly pid: number;
  /** `kni-demo up` */
  readonly command: string;
  /** ISO 8601. */
  readonly since: string;
  /** For example by Ctrl-Z. A stopped process keeps the lock. */
  readonly isStopped: boolean;
  /** Whether its pid is valid in our pid namespace: false for a holder in a container. */
  readonly isHere: boolean;
}

export interface LockFile {
  readonly fd: number;
  readonly path: string;
  /** The directories that were created for the file, innermost first. */
  readonly made: readonly string[];
}

/** Creates the file readable only by its owner, because any process that can open it can lock it. */
export const openLockFile = (path: string): LockFile => {
  const {O_RDWR, O_RDONLY, O_CREAT, O_NOFOLLOW} = constants;
  // Another process may remove the parent in between: the lock file was the last file in it.
  for (let attempt = 1; ; attempt++) {
    try {
      const made = makeDirectory(dirname(path));
      return {fd: openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600), path, made};
    } catch (error) {
      if (errorCodeOf(error) === 'ENOENT' && attempt < 3) continue;
      try {
        // flock(2) needs no write access, so a read-only directory can be locked, too.
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
      what: 'cannot lock the directories of kni-demo',
      why: `${path}: ${messageOf(error)}`,
      tryThis:
        errorCodeOf(error) === 'ENOENT' && messageOf(error).includes('spawn')
          ? 'install flock (package util-linux)'
          : 'set XDG_CACHE_HOME and XDG_STATE_HOME to directories of your own, on a disk of this machine',
      code: 'KNI-E307',
    },
    {cause: error},
  );

/** False when another process has removed the file: the next process would create and lock a new one. */
export const isInPlace = ({fd, path}: LockFile): boolean => {
  const [ours, named] = [fstatSync(fd), statSync(path, {throwIfNoEntry: false})];
  return named?.ino === ours.ino && named.dev === ours.dev;
};

export const isSameFile = (one: LockFile, other: LockFile): boolean => {
  const [first, second] = [fstatSync(one.fd), fstatSync(other.fd)];
  return first.ino === second.ino && first.dev === second.dev;
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

/** Undefined when the file names no running process: another process has just got the lock. */
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

/** The holder of a lock of these directories, without waiting for it; undefined when both are free. */
export const currentHolder = ({cache, state}: Dirs): Holder | undefined =>
  holderOf(join(state, lockName)) ?? holderOf(join(cache, lockName));

const holderOf = (path: string): Holder | undefined => {
  if (statSync(path, {throwIfNoEntry: false}) === undefined) return undefined;
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return readHolder({fd, path, made: []});
  } finally {
    closeSync(fd);
  }
};

/** Releases the lock. Removes the directory, too, if it contains nothing else. */
export const closeLockFile = ({fd, path, made}: LockFile): void => {
  try {
    ftruncateSync(fd);
    const parent = dirname(path);
    if (readdirSync(parent).every((name) => name === lockName)) {
      unlinkSync(path);
      for (const directory of new Set([parent, ...made])) rmdirSync(directory);
    }
  } catch {
    // The directory is gone, read-only, or no longer empty.
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
