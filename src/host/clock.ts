/** An interface to the clock, so that tests need not wait. */

import {setTimeout} from 'node:timers/promises';

export interface Clock {
  /** Milliseconds; only differences mean something. */
  now(): number;
  /** Rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => setTimeout(ms, undefined, {signal}),
};
