/** Waits for something to become true; a generous limit turns "never" into a failure with a name. */
import {setTimeout as delay} from 'node:timers/promises';

export const until = async (
  what: string,
  isTrue: () => Promise<boolean> | boolean,
  atMostMs = 60_000,
): Promise<void> => {
  const deadline = performance.now() + atMostMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`It never happened: ${what}`);
    await delay(20);
  }
};
