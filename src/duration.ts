/** Formats durations. */

/** `0.4 s`, `5 s`, `12.3 s`, `250 s`: tenths only below 100 s. */
export const seconds = (ms: number): string =>
  `${ms < 100_000 ? Number((ms / 1_000).toFixed(1)) : Math.round(ms / 1_000)} s`;
