/** Lets ordinary work run at the same time, and exclusive work alone: CNI's GC excludes ADD and DEL (spec, section 3). */

export interface Gate {
  shared<T>(work: () => Promise<T>): Promise<T>;
  /** Begins when the shared work under way has ended; what comes later waits for it. Must not be nested in either. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
}

export const createGate = (): Gate => {
  let closed: Promise<unknown> | undefined; // until the last of the exclusive work has ended
  const underWay = new Set<Promise<unknown>>();
  return {
    shared: async (work) => {
      for (let wait = closed; wait; wait = closed) await wait;
      const running = work();
      const settled = running.catch(() => undefined);
      underWay.add(settled);
      try {
        return await running;
      } finally {
        underWay.delete(settled);
      }
    },
    exclusive: async (work) => {
      const before = closed;
      const result = (async () => {
        await before;
        await Promise.all(underWay);
        return await work();
      })();
      const ended = result
        .catch(() => undefined)
        .then(() => {
          if (closed === ended) closed = undefined;
        });
      closed = ended;
      return await result;
    },
  };
};
