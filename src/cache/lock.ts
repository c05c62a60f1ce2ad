/**
 * The lock of the directories: only one kni-demo uses a cache or a state directory at a time. It is flock(1) on a file in each of
 * them, so it also works through symbolic links and in containers, and the kernel frees it even after SIGKILL. kni-demo 0.1.0 locked
 * an abstract unix socket, so this lock does not exclude it.
 */

import {closeSync} from 'node:fs';
import {join} from 'node:path';
import {UserError} from '../errors.ts';
import {type FlockOptions, flock} from '../host/flock.ts';
import {type Dirs, lockName} from './dirs.ts';
import {
  closeLockFile,
  type Holder,
  isInPlace,
  isSameFile,
  type LockFile,
  notLockable,
  openLockFile,
  readHolder,
  writeHolder,
} from './lock-file.ts';

export interface LockOptions {
  /** Shown to others who wait for the lock: `kni-demo up`. */
  readonly command: string;
  /** How long to wait for the lock, in milliseconds. Default: 0. */
  readonly timeout?: number;
  /** Called when the wait begins, and again when the holder changes or is stopped. Undefined: the holder is unknown. */
  readonly onWait?: (holder: Holder | undefined) => void;
  /** Ends the wait, not the work. */
  readonly signal?: AbortSignal;
}

/** Milliseconds between two checks of the holder. */
const interval = 1_000;

/** Rejects with UserError (exit code `busy`) that names the holder, with the signal's reason, or as `work` does. */
export const withLock = async <T>(dirs: Dirs, options: LockOptions, work: () => Promise<T>): Promise<T> => {
  const deadline = performance.now() + (options.timeout ?? 0);
  const files: LockFile[] = [];
  try {
    // All processes lock the cache first, so they cannot wait for each other.
    for (const directory of [dirs.cache, dirs.state]) {
      const file = await acquire(join(directory, lockName), files, deadline, options);
      if (file !== undefined) files.push(file);
    }
    return await work();
  } finally {
    for (const file of files.toReversed()) closeLockFile(file);
  }
};

/** Returns undefined if `held` has the file already, because one directory is both the cache and the state directory. */
const acquire = async (
  path: string,
  held: readonly LockFile[],
  deadline: number,
  options: LockOptions,
): Promise<LockFile | undefined> => {
  for (;;) {
    const file = openLockFile(path);
    if (held.some((other) => isSameFile(file, other))) {
      closeSync(file.fd);
      return undefined;
    }
    try {
      await lock(file, deadline, options);
    } catch (error) {
      closeSync(file.fd);
      throw error;
    }
    if (isInPlace(file)) {
      writeHolder(file, options.command);
      return file;
    }
    closeSync(file.fd);
  }
};

const lock = async (file: LockFile, deadline: number, {onWait, signal}: LockOptions): Promise<void> => {
  let shown: string | undefined;
  let wait = 0;
  for (;;) {
    signal?.throwIfAborted();
    if (await tryLock(file, {wait, signal})) return;
    signal?.throwIfAborted();
    const left = deadline - performance.now();
    const holder = readHolder(file);
    if (left <= 0) throw busy(file.path, holder);
    const seen = JSON.stringify(holder) ?? 'unknown';
    if (seen !== shown) onWait?.(holder);
    shown = seen;
    wait = Math.min(interval, left);
  }
};

const tryLock = async ({fd, path}: LockFile, options: FlockOptions): Promise<boolean> => {
  try {
    return await flock(fd, options);
  } catch (error) {
    throw notLockable(path, error);
  }
};

/** `process 42 (kni-demo up, since 2026-11-28 05:40:11 UTC)` */
export const holderText = (holder: Holder | undefined): string => {
  if (holder === undefined) return 'an unknown process';
  const {pid, command, since, isStopped, isHere} = holder;
  const more = `${isHere ? '' : ', in another container'}${isStopped ? ', stopped' : ''}`;
  const time = since.replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
  return `process ${pid} (${command}, since ${time}${more})`;
};

const busy = (path: string, holder: Holder | undefined): UserError =>
  new UserError({
    what: 'another kni-demo is running',
    why: `${holderText(holder)} holds the lock ${path}`,
    tryThis: [...waysOut(holder), 'or wait longer: --lock-timeout 10m'].join('\n'),
    code: 'KNI-E500',
  });

const waysOut = (holder: Holder | undefined): readonly string[] => {
  if (holder === undefined || !holder.isHere) return ['wait for it to end'];
  const {pid, isStopped} = holder;
  return isStopped
    ? [`continue it: kill -CONT ${pid}`, `or end it: kill ${pid}; kill -CONT ${pid}`]
    : [`wait for it to end, or end it: kill ${pid}`];
};
