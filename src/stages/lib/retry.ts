/** A network that stumbles is tried again; a refusal is not. */

import {type Clock, systemClock} from '../../host/clock.ts';
import {CommandError} from '../../host/command-error.ts';

/** Between one attempt and the next, in ms. */
const pauses = [1_000, 4_000, 15_000] as const;

/** As git, curl and ssh put what may be otherwise a moment later. */
const passing =
  /could not resolve|temporary failure|timed out|failed to connect|connection (?:reset|refused|closed)|early EOF|unexpected disconnect|RPC failed|HTTP 5\d\d|error: 5\d\d|TLS|network is unreachable/i;

/** Whether it may be otherwise a moment later. */
export const passes = ({output, reason}: CommandError): boolean =>
  passing.test(output) || reason.startsWith('timed out');

/** Rejects with the last error. */
export const persistently = async <T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  {clock = systemClock, log}: {readonly clock?: Clock; readonly log?: (line: string) => void} = {},
): Promise<T> => {
  for (const pause of pauses) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !(error instanceof CommandError) || !passes(error)) throw error;
      log?.(`${error.lastLine}; trying again in ${pause / 1000} s`);
      await clock.sleep(pause, signal);
    }
  }
  return work();
};
