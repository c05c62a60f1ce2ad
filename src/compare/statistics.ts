/** Sums up measured times. */

export interface Summary {
  /** How many pods were measured. */
  readonly n: number;
  /** Milliseconds. */
  readonly median: number;
  /** Milliseconds. The slowest one of fewer than 20 pods. */
  readonly p95: number;
}

/** `times` is not empty. */
export const summaryOf = (times: readonly number[]): Summary => {
  const sorted = times.toSorted((one, other) => one - other);
  const at = (rank: number): number => sorted[Math.min(sorted.length - 1, Math.max(0, rank))] ?? Number.NaN;
  const half = sorted.length / 2;
  const median = (at(Math.ceil(half) - 1) + at(Math.floor(half))) / 2;
  return {n: sorted.length, median, p95: at(Math.ceil(0.95 * sorted.length) - 1)};
};
