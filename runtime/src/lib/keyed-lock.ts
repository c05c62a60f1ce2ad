/** One lock per key: work on the same key runs in order of arrival, work on different keys runs concurrently. */

export interface Lock {
  <T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Whether any work holds the lock or waits for it. */
  readonly isHeld: (key: string) => boolean;
}

/** Work whose signal aborts while it waits is never started; once started it runs to its end. Not reentrant. */
export const createLock = (): Lock => {
  const tails = new Map<string, Promise<unknown>>();
  const run = async <T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    const begin = () => {
      signal?.throwIfAborted();
      return work();
    };
    const result = (tails.get(key) ?? Promise.resolve()).then(begin);
    const tail = result.catch(() => undefined); // the next work starts after this one, even if it failed
    tails.set(key, tail);
    try {
      return await result;
    } finally {
      if (tails.get(key) === tail) tails.delete(key);
    }
  };
  return Object.assign(run, {isHeld: (key: string) => tails.has(key)});
};
