/**
 * Limits how much work runs at the same time, first come, first served. Slow work has probably hung: it gives its slot to
 * the next in the queue instead of blocking it until the timeout. The number of slow works is limited as well.
 */

export type Slots = <T>(work: () => Promise<T>) => Promise<T>;

export interface SlotsOptions {
  readonly max: number;
  /** How many slow works may run in addition to `max`. */
  readonly maxLate: number;
  readonly lateAfterMs: number;
}

export const createSlots = ({max, maxLate, lateAfterMs}: SlotsOptions): Slots => {
  const waiting: (() => void)[] = [];
  let inside = 0;
  let late = 0;
  const admit = () => {
    while (waiting.length > 0 && inside - Math.min(late, maxLate) < max) {
      inside++;
      waiting.shift()?.();
    }
  };
  return async (work) => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      admit();
    });
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      late++;
      admit();
    }, lateAfterMs);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      inside--;
      if (isLate) late--;
      admit();
    }
  };
};
