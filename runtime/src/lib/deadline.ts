/** Bounds the time that a caller waits for an answer. */

export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/** The caller has hung up, or its own deadline has passed, before the work was begun. */
export class CallerGone extends Error {
  override readonly name = 'CallerGone';
}

/**
 * Answers with `work`, or with DeadlineExceeded in time. The work itself goes on and ends by its own limits; a caller
 * that repeats the call gets its outcome.
 */
export const withinDeadline = async <T>(
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const passed = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new DeadlineExceeded(`not done within ${ms} ms`);
      passed.abort(error);
      reject(error);
    }, ms);
  });
  try {
    return await Promise.race([work(passed.signal), deadline]);
  } finally {
    clearTimeout(timer);
  }
};
