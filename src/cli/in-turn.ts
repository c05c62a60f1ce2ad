/** The order of commands that work on one cache: each waits for those before it, and says so. */

import type {Dirs} from '../cache/dirs.ts';
import {withLock} from '../cache/lock.ts';

export interface TurnOptions {
  readonly say: (line: string) => void;
  /** Ends the wait, not the work. */
  readonly signal: AbortSignal;
}

export const inTurn = <T>(dirs: Dirs, {say, signal}: TurnOptions, work: () => Promise<T>): Promise<T> =>
  withLock(
    dirs,
    {onWait: ({pid}) => say(`waiting for another kni-demo, process ${pid ?? 'unknown'}`), signal},
    work,
  );
