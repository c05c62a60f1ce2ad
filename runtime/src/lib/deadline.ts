/** Limits how long a caller waits for an answer. */

export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/** The caller cancelled the call, or its own deadline passed, before the work started. */
export class CallerGone extends Error {
  override readonly name = 'CallerGone';
}

/**
 * Returns the result of `work`, or throws DeadlineExceeded after `ms`. The work itself continues until its own limits; a
 * caller that retries gets its outcome. `passed` is aborted at the deadline, and gives `work` its signal.
 */
export const withinDeadline = async <T>(
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  passed = new AbortController(),
): Promise<T> => {
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
