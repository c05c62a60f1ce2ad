/** The directories that kni-demo keeps between runs, by the XDG Base Directory Specification. */

import {homedir} from 'node:os';
import {isAbsolute, join} from 'node:path';

export interface Dirs {
  /** Data that can be built again: artifacts, downloads, build caches. */
  readonly cache: string;
  /** Data that cannot: records of the clusters and the engine of kni-demo. */
  readonly state: string;
  /** One file for each task: `<logs>/build/kubelet.log`. */
  readonly logs: string;
}

/** The file in the cache and in the state directory that `withLock` locks. */
export const lockName = 'lock';

type Environment = Readonly<Record<string, string | undefined>>;

/** The directories need not exist. */
export const dirsOf = (env: Environment, home: string = homedir()): Dirs => {
  // The specification asks to ignore a relative path.
  const base = (variable: string, fallback: string): string => {
    const value = env[variable];
    return join(value !== undefined && isAbsolute(value) ? value : join(home, fallback), 'kni-demo');
  };
  const state = base('XDG_STATE_HOME', '.local/state');
  return {cache: base('XDG_CACHE_HOME', '.cache'), state, logs: join(state, 'logs')};
};

/** `build/kubelet` → `<logs>/build/kubelet.log`, for `runTasks`. */
export const logPathOf = (dirs: Dirs, task: string): string => join(dirs.logs, `${task}.log`);
