/** Ends a command together with all that it started: its process group. */

import {readdirSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {processStatus} from './process-status.ts';

/** Leaders of groups that still run; each was started detached, so its pid is the group's id too. */
const running = new Set<number>();

const signalGroup = (leader: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(-leader, signal);
  } catch {
    return false; // ESRCH: nobody is left; EPERM: it changed hands.
  }
};

// A detached child outlives us unless it is told. Nothing can be waited for here any more.
const endAll = (): void => {
  for (const leader of running) signalGroup(leader, 'SIGTERM');
};

/** Remembers the group, so that it does not outlive this process; returns what forgets it. */
export const watchGroup = (leader: number): (() => void) => {
  if (running.size === 0) process.on('exit', endAll);
  running.add(leader);
  return () => {
    running.delete(leader);
    if (running.size === 0) process.off('exit', endAll);
  };
};

/** SIGTERM to every process of the group, SIGKILL to those left after `grace` ms. Resolves when it is sent. */
export const endGroup = async (leader: number, grace: number): Promise<void> => {
  signalGroup(leader, 'SIGTERM');
  const deadline = performance.now() + grace;
  for (let pause = 10; performance.now() < deadline; pause = Math.min(2 * pause, 200)) {
    if (!signalGroup(leader, 0) || !someRun(leader)) return;
    await sleep(Math.min(pause, grace));
  }
  signalGroup(leader, 'SIGKILL');
};

/**
 * Whether one of the group is more than a zombie. Orphans of a command become children of process 1,
 * which in many containers never reaps: a signal would find them for ever.
 */
const someRun = (group: number): boolean =>
  readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    const {state, processGroup} = processStatus(name);
    return processGroup === group && state !== 'Z' && state !== 'X';
  });
