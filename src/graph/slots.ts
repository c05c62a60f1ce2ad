/** Limits concurrency: at most `count` calls run at the same time. Waiting calls start in the order of arrival. */

export interface Slots {
  use<T>(work: () => Promise<T>): Promise<T>;
}

export const slots = (count: number): Slots => {
  let free = Math.max(1, count);
  const waiting: (() => void)[] = [];
  return {
    async use(work) {
      // A finished call passes its slot to the next waiting call, so `free` never counts a slot that is taken.
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
