/** When to try again what failed: soon at first, then later and later. */

export interface Retries {
  readonly isDue: (key: string) => boolean;
  /** Whether it has failed for two minutes. */
  readonly isLong: (key: string) => boolean;
  readonly failed: (key: string) => void;
  readonly ended: (key: string) => void;
}

const waitMs = {first: 1_000, most: 60_000};
const longMs = 120_000;

export const createRetries = (uptime: () => number): Retries => {
  const next = new Map<string, {readonly since: number; readonly at: number; readonly waitMs: number}>();
  return {
    isDue: (key) => (next.get(key)?.at ?? 0) <= uptime(),
    isLong: (key) => {
      const before = next.get(key);
      return before !== undefined && uptime() - before.since >= longMs;
    },
    failed: (key) => {
      const before = next.get(key);
      const now = uptime();
      const wait = Math.min((before?.waitMs ?? waitMs.first / 2) * 2, waitMs.most);
      next.set(key, {since: before?.since ?? now, at: now + wait, waitMs: wait});
    },
    ended: (key) => void next.delete(key),
  };
};
