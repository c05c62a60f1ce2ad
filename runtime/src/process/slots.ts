/**
 * Limits how much work runs at the same time, first come, first served. Slow work has probably hung: it gives its slot to
 * the next in the queue instead of blocking it until the timeout. The number of slow works is limited as well.
 */

export interface Slots {
  <T>(work: () => Promise<T>): Promise<T>;
  /**
   * Takes a slot if no work waits, and if less than `max` work runs. The slot is for work that begins later. Such waiting work
   * becomes slow, too: it must not hold all slots while the work that it waits for needs one.
   */
  takeFree(): Slot | undefined;
}

export interface Slot {
  leave(): void;
}

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
  const isFree = () => inside - Math.min(late, maxLate) < max;
  const admit = () => {
    while (waiting.length > 0 && isFree()) {
      inside++;
      waiting.shift()?.();
    }
  };
  const createSlot = (): Slot => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      late++;
      admit();
    }, lateAfterMs);
    return {
      leave: () => {
        clearTimeout(timer);
        inside--;
        if (isLate) late--;
        admit();
      },
    };
  };
  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      admit();
    });
    const slot = createSlot();
    try {
      return await work();
    } finally {
      slot.leave();
    }
  };
  const takeFree = (): Slot | undefined => {
    if (waiting.length > 0 || inside >= max) return undefined;
    inside++;
    return createSlot();
  };
  return Object.assign(run, {takeFree});
};
