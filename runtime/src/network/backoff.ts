/** Exponential backoff by key. */

export interface Backoff {
  readonly isDue: (key: string) => boolean;
  readonly failed: (key: string) => void;
  readonly ended: (key: string) => void;
  /** In ms; 0 when a retry is due. */
  readonly nextIn: (key: string) => number;
}

export interface BackoffLimits {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** `uptime` in ms. */
export const createBackoff = (uptime: () => number, {firstMs, mostMs}: BackoffLimits): Backoff => {
  const next = new Map<string, {readonly at: number; readonly waitMs: number}>();
  const nextIn = (key: string) => Math.max(0, (next.get(key)?.at ?? 0) - uptime());
  return {
    isDue: (key) => nextIn(key) === 0,
    failed: (key) => {
      const waitMs = Math.min((next.get(key)?.waitMs ?? firstMs / 2) * 2, mostMs);
      next.set(key, {at: uptime() + waitMs, waitMs});
    },
    ended: (key) => void next.delete(key),
    nextIn,
  };
};
