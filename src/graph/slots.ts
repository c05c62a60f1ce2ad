/** At most so many at the same time; those who wait get their turn in the order in which they came. */

export interface Slots {
  use<T>(work: () => Promise<T>): Promise<T>;
}

export const slots = (count: number): Slots => {
  let free = Math.max(1, count);
  const waiting: (() => void)[] = [];
  return {
    async use(work) {
      // Whoever leaves hands its slot on, so that `free` never counts one that is promised.
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else free += 1;
      }
    },
  };
};
