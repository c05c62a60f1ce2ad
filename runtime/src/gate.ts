/** Lets ordinary work run at the same time, and exclusive work alone: CNI's GC excludes ADD and DEL (spec, section 3). */

export interface Gate {
  shared<T>(work: () => Promise<T>): Promise<T>;
  /** Begins when the shared work under way has ended; what comes later waits for it. Must not be nested in either. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
}

export const createGate = (): Gate => {
  let exclusive: Promise<unknown> = Promise.resolve();
  let isClosed = 0;
  const underWay = new Set<Promise<unknown>>();
  return {
    shared: async (work) => {
      while (isClosed > 0) await exclusive;
      const running = work();
      const settled = running.catch(() => undefined);
      underWay.add(settled);
      try {
        return await running;
      } finally {
        underWay.delete(settled);
      }
    },
    exclusive: (work) => {
      isClosed++;
      const before = exclusive;
      const result = (async () => {
        await before;
        await Promise.all(underWay);
        try {
          return await work();
        } finally {
          isClosed--;
        }
      })();
      exclusive = result.catch(() => undefined);
      return result;
    },
  };
};
