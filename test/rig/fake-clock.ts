/** A clock whose time passes as soon as all other work is done. */

import type {Clock} from '../../src/host/clock.ts';

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/**
 * When all that is left to do is sleep, the clock goes on to the next one who wakes.
 * For what does no real input or output: that takes real time, during which this clock would run on.
 */
export const fakeClock = (): Clock => {
  let time = 0;
  let moving = false;
  const sleepers = new Set<Sleeper>();

  // A turn of the event loop lets everything else that can go on do so first.
  const move = (): void => {
    moving = sleepers.size > 0;
    if (!moving) return;
    setImmediate(() => {
      const [next] = [...sleepers].sort((a, b) => a.until - b.until);
      if (next) {
        time = next.until;
        next.wake();
      }
      move();
    });
  };

  return {
    now: () => time,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const stop = (): void => {
          sleepers.delete(sleeper);
          reject(signal.reason);
        };
        const sleeper: Sleeper = {
          until: time + ms,
          wake() {
            sleepers.delete(sleeper);
            signal.removeEventListener('abort', stop);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal.addEventListener('abort', stop, {once: true});
        if (!moving) move();
      }),
  };
};
