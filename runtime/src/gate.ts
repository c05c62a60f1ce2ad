/** Lets ordinary work run at the same time, and exclusive work alone: CNI's GC excludes ADD and DEL (spec, section 3). */
import {DeadlinePassed, withinDeadline} from './deadline.ts';

export interface Gate {
  /** Work whose signal aborts while it waits is never begun. */
  shared<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /**
   * Begins when the shared work under way has ended; what comes later waits for it. When its turn has not come after
   * `patienceMs` it is given up with Busy: one plugin that hangs must not stop all others. Must not be nested in either.
   */
  exclusive<T>(work: () => Promise<T>, patienceMs: number): Promise<T>;
}

export class Busy extends Error {
  override readonly name = 'Busy';
}

export const createGate = (): Gate => {
  let closed: Promise<unknown> | undefined; // until the last of the exclusive work has ended
  const underWay = new Set<Promise<unknown>>();
  return {
    shared: async (work, signal) => {
      for (let wait = closed; wait; wait = closed) await wait;
      signal?.throwIfAborted();
      const running = work();
      const settled = running.catch(() => undefined);
      underWay.add(settled);
      try {
        return await running;
      } finally {
        underWay.delete(settled);
      }
    },
    exclusive: async (work, patienceMs) => {
      const before = closed;
      const turn = async () => {
        await before;
        await Promise.all(underWay);
      };
      const result = (async () => {
        await patiently(turn, patienceMs);
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

const patiently = async (turn: () => Promise<void>, ms: number): Promise<void> => {
  try {
    await withinDeadline(ms, turn);
  } catch (error) {
    throw error instanceof DeadlinePassed ? new Busy('calls under way did not end in time') : error;
  }
};
