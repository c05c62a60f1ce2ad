/** Notifies systemd's watchdog that the event loop runs. systemd kills and restarts a service that stops notifying. */

import {repeat} from './lib/repeat.ts';
import type {Log} from './log.ts';
import type {Exec} from './process/exec.ts';

/** The interval as a share of the watchdog timeout: one notification may be late or lost. */
const share = 1 / 3;

/** Runs until the signal aborts. Does nothing without a watchdog. See sd_watchdog_enabled(3). */
export const feedWatchdog = async (exec: Exec, log: Log, signal: AbortSignal): Promise<void> => {
  const {NOTIFY_SOCKET, WATCHDOG_USEC} = process.env;
  const watchdogMs = Number(WATCHDOG_USEC) / 1000;
  if (NOTIFY_SOCKET === undefined || !(watchdogMs > 0)) return;
  const timeoutMs = watchdogMs * share;
  const notify = async () => {
    const ending = await exec({file: 'systemd-notify', args: ['WATCHDOG=1'], timeoutMs});
    const isNotified = ending.kind === 'stopped' || (ending.kind === 'exited' && ending.exitCode === 0);
    if (!isNotified) log.warn('cannot notify the systemd watchdog', {ending});
  };
  await repeat(notify, timeoutMs, signal);
};
