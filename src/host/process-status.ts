/** Reads the state of a process from /proc; see proc_pid_stat(5). */

import {readFileSync} from 'node:fs';

export interface ProcessStatus {
  /** One letter: `R` running, `S` sleeping, `T` stopped, `Z` zombie. Undefined: no such process. */
  readonly state?: string | undefined;
  readonly processGroup?: number;
}

/** Returns an empty status when the process has ended. The program's name, in brackets, may contain any character. */
export const processStatus = (pid: number | string): ProcessStatus => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {state, processGroup: Number(processGroup)};
  } catch {
    return {};
  }
};
