/** Ends a command and its children: its process group. */

import {readdirSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {processStatus} from './process-status.ts';

/** Leaders of running groups. Each was started detached, so its pid is also the group's id. */
const running = new Set<number>();

const signalGroup = (leader: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(-leader, signal);
  } catch {
    return false; // ESRCH: the group is empty. EPERM: its processes changed their user.
  }
};

// A detached child would outlive this process. An exit handler cannot wait, so it sends only SIGTERM.
const endAll = (): void => {
  for (const leader of running) signalGroup(leader, 'SIGTERM');
};

/** Ends the group when this process exits. Returns a function that cancels this. */
export const watchGroup = (leader: number): (() => void) => {
  if (running.size === 0) process.on('exit', endAll);
  running.add(leader);
  return () => {
    running.delete(leader);
    if (running.size === 0) process.off('exit', endAll);
  };
};

/** Sends SIGTERM to the group, and SIGKILL to the processes that remain after `grace` ms. */
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
 * Whether a process of the group is not a zombie. Orphans of a command become children of process 1, which never
 * reaps them in many containers, so a signal would find them forever.
 */
const someRun = (group: number): boolean =>
  readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    const {state, processGroup} = processStatus(name);
    return processGroup === group && state !== 'Z' && state !== 'X';
  });
