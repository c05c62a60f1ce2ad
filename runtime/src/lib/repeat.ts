/** Repeats work that may take longer than the pause between two runs. */
import {setTimeout as delay} from 'node:timers/promises';

/** Runs at once, and then `ms` after each run has ended, so that no two overlap; until the signal aborts. */
export const repeat = async (work: () => Promise<void>, ms: number, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    await work();
    await delay(ms, undefined, {signal}).catch(() => undefined); // rejects when it is aborted
  }
};
