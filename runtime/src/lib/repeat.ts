/** Repeats work without overlap, however long one run takes. */
import {setTimeout as delay} from 'node:timers/promises';

/** Runs at once, and again `ms` after the end of each run, until the signal aborts. */
export const repeat = async (work: () => Promise<void>, ms: number, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    await work();
    await delay(ms, undefined, {signal}).catch(() => undefined); // an aborted delay rejects
  }
};
