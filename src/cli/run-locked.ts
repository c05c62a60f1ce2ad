/** Runs a command alone on its cache and its state directory. While it waits for another kni-demo, it shows which one. */

import type {Dirs} from '../cache/dirs.ts';
import {holderText, withLock} from '../cache/lock.ts';
import type {Holder} from '../cache/lock-file.ts';

export interface LockedRunOptions {
  /** Shown to others who wait for this one: `kni-demo up`. */
  readonly command: string;
  /** How long to wait for another kni-demo, in milliseconds. */
  readonly lockTimeout: number;
  readonly say: (line: string) => void;
  /** Ends the wait, not the work. */
  readonly signal: AbortSignal;
}

export const runLocked = <T>(
  dirs: Dirs,
  {command, lockTimeout, say, signal}: LockedRunOptions,
  work: () => Promise<T>,
): Promise<T> =>
  withLock(
    dirs,
    {
      command,
      timeout: lockTimeout,
      onWait: (holder) => say(`waiting for another kni-demo: ${holderText(holder)}${hint(holder)}`),
      signal,
    },
    work,
  );

const hint = (holder: Holder | undefined): string =>
  holder?.isStopped ? `; to continue it: kill -CONT ${holder.pid}` : '';
