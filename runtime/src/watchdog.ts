/** Tells systemd now and then that the event loop turns: a service that falls silent is killed and started anew. */

import {repeat} from './lib/repeat.ts';
import type {Log} from './log.ts';
import type {Exec} from './process/exec.ts';

/** Of the time after which systemd loses its patience: one message may come late, or not at all. */
const share = 1 / 3;

/** Until the signal aborts. Does nothing where no watchdog waits. See sd_watchdog_enabled(3). */
export const feedWatchdog = async (exec: Exec, log: Log, signal: AbortSignal): Promise<void> => {
  const {NOTIFY_SOCKET, WATCHDOG_USEC} = process.env;
  const patienceMs = Number(WATCHDOG_USEC) / 1000;
  if (NOTIFY_SOCKET === undefined || !(patienceMs > 0)) return;
  const timeoutMs = patienceMs * share;
  const feed = async () => {
    const ending = await exec({file: 'systemd-notify', args: ['WATCHDOG=1'], timeoutMs});
    const isTold = ending.kind === 'stopped' || (ending.kind === 'exited' && ending.exitCode === 0);
    if (!isTold) log.warn('cannot notify the systemd watchdog', {ending});
  };
  await repeat(feed, timeoutMs, signal);
};
