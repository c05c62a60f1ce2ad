/** Runs shared work concurrently and exclusive work alone: CNI GC excludes ADD and DEL (CNI spec, section 3). */
import {DeadlineExceeded, withinDeadline} from './deadline.ts';

export interface Gate {
  /** Work whose signal aborts while it waits is never started. */
  shared<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /**
   * Starts when no shared work is in progress; until then, new shared work may start. If that does not happen within
   * `patienceMs`, new shared work waits for up to 200 ms so that the gate can drain. If it does not drain, this rejects
   * with Busy, because one hanging plugin must not block all others. Must not be nested in shared or exclusive work.
   */
  exclusive<T>(work: () => Promise<T>, patienceMs: number): Promise<T>;
}

export class Busy extends Error {
  override readonly name = 'Busy';
}

/** How long new shared work waits for the gate to drain. A typical ADD takes a quarter of this time. */
const drainMs = 200;

export const createGate = (): Gate => {
  let closed: Promise<unknown> | undefined;
  let lastExclusive: Promise<unknown> | undefined;
  let inProgress = 0;
  let onQuiet: (() => void) | undefined;

  const shared: Gate['shared'] = async (work, signal) => {
    for (let wait = closed; wait; wait = closed) await wait;
    signal?.throwIfAborted();
    inProgress++;
    try {
      return await work();
    } finally {
      inProgress--;
      if (inProgress === 0) onQuiet?.();
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
        close(); // synchronously, before other work can start
        resolve();
      };
      if (inProgress === 0) onQuiet?.();
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
