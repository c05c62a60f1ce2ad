/** One lock per key: work on the same key runs one after the other in the order it came, different keys at once. */

export interface Lock {
  <T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Whether somebody holds it, or waits for it. */
  readonly isHeld: (key: string) => boolean;
}

/** Work whose signal aborts while it waits is never begun; once begun it is left to finish. Not reentrant. */
export const createLock = (): Lock => {
  const tails = new Map<string, Promise<unknown>>();
  const run = async <T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    const begin = () => {
      signal?.throwIfAborted();
      return work();
    };
    const result = (tails.get(key) ?? Promise.resolve()).then(begin);
    const tail = result.catch(() => undefined); // the next one waits for the end, whatever it was
    tails.set(key, tail);
    try {
      return await result;
    } finally {
      if (tails.get(key) === tail) tails.delete(key);
    }
  };
  return Object.assign(run, {isHeld: (key: string) => tails.has(key)});
};
