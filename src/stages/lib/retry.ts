/** Retries a command after transient network failures only. */

import {type Clock, systemClock} from '../../host/clock.ts';
import {CommandError} from '../../host/command-error.ts';

/** Milliseconds before each retry. */
const backoff = [1_000, 4_000, 15_000] as const;

/** Transient failures, as git, curl and ssh report them. */
const transient =
  /could not resolve|temporary failure|timed out|failed to connect|connection (?:reset|refused|closed)|early EOF|unexpected disconnect|RPC failed|HTTP 5\d\d|error: 5\d\d|TLS|network is unreachable/i;

export const isTransient = ({output, reason}: CommandError): boolean =>
  transient.test(output) || reason.startsWith('timed out');

/** Rejects with the last error when all retries have failed. */
export const retry = async <T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  {clock = systemClock, log}: {readonly clock?: Clock; readonly log?: (line: string) => void} = {},
): Promise<T> => {
  for (const pause of backoff) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !(error instanceof CommandError) || !isTransient(error)) throw error;
      log?.(`${error.lastLine}; retrying in ${pause / 1000} s`);
      await clock.sleep(pause, signal);
    }
  }
  return work();
};
