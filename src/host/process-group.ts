/** Ends a command together with all that it started: its process group. */

import {setTimeout as sleep} from 'node:timers/promises';

/** Leaders of groups that still run; each was started detached, so its pid is the group's id too. */
const running = new Set<number>();

const signalGroup = (leader: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(-leader, signal);
  } catch {
    return false; // ESRCH: nobody is left; EPERM: a group that is no longer ours.
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
  while (performance.now() < deadline) {
    if (!signalGroup(leader, 0)) return;
    await sleep(Math.min(20, grace));
  }
  signalGroup(leader, 'SIGKILL');
};
