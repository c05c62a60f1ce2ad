/** Logs when the event loop was blocked: during that time no call is answered and timeouts are late. */
import type {Log} from '../log.ts';

const everyMs = 100;
const stalledMs = 500;

/** Runs until the signal aborts. */
export const watchStalls = (
  {log, stalled}: {readonly log: Log; readonly stalled: (seconds: number) => void},
  signal: AbortSignal,
): void => {
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const late = now - last - everyMs;
    last = now;
    if (late < stalledMs) return;
    stalled(late / 1000);
    log.warn('the event loop was blocked', {ms: Math.round(late)});
  }, everyMs);
  timer.unref();
  signal.addEventListener('abort', () => clearInterval(timer), {once: true});
};
