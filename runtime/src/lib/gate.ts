/** Lets ordinary work run at the same time, and exclusive work alone: CNI's GC excludes ADD and DEL (spec, section 3). */
import {DeadlineExceeded, withinDeadline} from './deadline.ts';

export interface Gate {
  /** Work whose signal aborts while it waits is never begun. */
  shared<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /**
   * Begins at a quiet moment: when no shared work is under way. Shared work that comes later may begin until then. If
   * no such moment comes within `patienceMs`, new work waits for up to 200 ms, so that the work under way can end. If
   * that does not help either, it rejects with Busy: one plugin that hangs must not stop all others. Must not be nested
   * in either.
   */
  exclusive<T>(work: () => Promise<T>, patienceMs: number): Promise<T>;
}

export class Busy extends Error {
  override readonly name = 'Busy';
}

/** A caller may wait this long in vain. An ADD takes a quarter of it. */
const drainMs = 200;

export const createGate = (): Gate => {
  let closed: Promise<unknown> | undefined;
  let lastExclusive: Promise<unknown> | undefined;
  let underWay = 0;
  let onQuiet: (() => void) | undefined;

  const shared: Gate['shared'] = async (work, signal) => {
    for (let wait = closed; wait; wait = closed) await wait;
    signal?.throwIfAborted();
    underWay++;
    try {
      return await work();
    } finally {
      underWay--;
      if (underWay === 0) onQuiet?.();
    }
  };

  const alone = async <T>(work: () => Promise<T>, patienceMs: number): Promise<T> => {
    let open: (() => void) | undefined;
    const close = (): void => {
      closed ??= new Promise<void>((resolve) => {
        open = resolve;
      });
    };
    const quiet = new Promise<void>((resolve) => {
      onQuiet = () => {
        close(); // in the same instant, before other work can begin
        resolve();
      };
      if (underWay === 0) onQuiet?.();
    });
    try {
      if (!(await comesWithin(patienceMs, quiet))) {
        close();
        if (!(await comesWithin(drainMs, quiet))) throw new Busy('calls in progress did not finish in time');
      }
      return await work();
    } finally {
      onQuiet = undefined;
      closed = undefined;
      open?.();
    }
  };

  return {
    shared,
    exclusive: async (work, patienceMs) => {
      const begin = () => alone(work, patienceMs);
      const result = lastExclusive ? lastExclusive.then(begin) : begin();
      const ended = result
        .catch(() => undefined)
        .then(() => {
          if (lastExclusive === ended) lastExclusive = undefined;
        });
      lastExclusive = ended;
      return await result;
    },
  };
};

const comesWithin = async (ms: number, moment: Promise<void>): Promise<boolean> => {
  try {
    await withinDeadline(ms, () => moment);
    return true;
  } catch (error) {
    if (error instanceof DeadlineExceeded) return false;
    throw error;
  }
};
