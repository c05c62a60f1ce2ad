/** Looking at processes by their number. */

import {readFileSync} from 'node:fs';

/** Whether it runs; one that ended but was not yet reaped by its parent does not. */
export const isAlive = (pid: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
};
