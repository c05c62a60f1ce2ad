/** When to try again what failed: soon at first, then later and later. */

export interface Retries {
  readonly isDue: (key: string) => boolean;
  readonly failed: (key: string) => void;
  readonly ended: (key: string) => void;
}

const waitMs = {first: 1_000, most: 60_000};

export const createRetries = (uptime: () => number): Retries => {
  const next = new Map<string, {readonly at: number; readonly waitMs: number}>();
  return {
    isDue: (key) => (next.get(key)?.at ?? 0) <= uptime(),
    failed: (key) => {
      const wait = Math.min((next.get(key)?.waitMs ?? waitMs.first / 2) * 2, waitMs.most);
      next.set(key, {at: uptime() + wait, waitMs: wait});
    },
    ended: (key) => void next.delete(key),
  };
};
