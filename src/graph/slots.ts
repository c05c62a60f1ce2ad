/** Limits concurrency: at most `count` calls run at the same time. */

export interface Slots {
  /** Of the waiting calls, the one with the lowest place starts first; equal places start in the order of arrival. */
  use<T>(place: number, work: () => Promise<T>): Promise<T>;
}

export const slots = (count: number): Slots => {
  let free = Math.max(1, count);
  const waiting: {readonly place: number; readonly start: () => void}[] = [];
  const fill = (): void => {
    while (free > 0 && waiting.length > 0) {
      const lowest = Math.min(...waiting.map(({place}) => place));
      const [next] = waiting.splice(
        waiting.findIndex(({place}) => place === lowest),
        1,
      );
      free -= 1;
      next?.start();
    }
  };
  return {
    async use(place, work) {
      // Fills the slots after this turn of the event loop: calls that a finished call has made possible arrive until then.
      await new Promise<void>((start) => {
        waiting.push({place, start});
        setImmediate(fill);
      });
      try {
        return await work();
      } finally {
        free += 1;
        setImmediate(fill);
      }
    },
  };
};
