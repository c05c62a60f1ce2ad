/** Waits for a condition; a long timeout turns "never" into a failure with a name. */

import {setTimeout as delay} from 'node:timers/promises';
import {waitUntil} from '../../src/host/wait-until.ts';

/**
 * Resolves with the first result of `probe` that is neither undefined nor false. It calls the probe again after an error.
 * It pauses as long as the probe took, so that slow probes leave the cores to what they wait for. `atMost` is in milliseconds:
 * the kubelet retries some failures only once a minute.
 */
export const until = <T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  atMost = 180_000,
): Promise<T> =>
  waitUntil({what, every: 20, atMost, signal: new AbortController().signal}, async () => {
    const start = performance.now();
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    await delay(performance.now() - start);
    return undefined;
  });
