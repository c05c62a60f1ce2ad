/**
 * Lets a limited number work at the same time, in the order of coming. What takes long, most likely because it hangs,
 * hands its place on, so that others need not wait until it is killed; how many may do that is limited as well.
 */

export type Slots = <T>(work: () => Promise<T>) => Promise<T>;

export interface SlotsOptions {
  readonly max: number;
  /** Beyond `max`. */
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
