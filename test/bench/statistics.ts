/** The few statistics that the benchmark reports. */

export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
}

/** The smallest value that at least the share `q` of the values does not exceed (nearest rank). */
export const quantile = (values: readonly number[], q: number): number => {
  const sorted = values.toSorted((one, other) => one - other);
  const value = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('an empty list has no quantile');
  return value;
};

export const median = (values: readonly number[]): number =>
  (quantile(values, 0.5) + quantile(values, 0.5 + 1 / (2 * values.length))) / 2;

export const summaryOf = (values: readonly number[]): Summary => ({
  count: values.length,
  median: median(values),
  p90: quantile(values, 0.9),
  p99: quantile(values, 0.99),
});

/** By how much `y` grows with each unit of `x` (least squares); 0 when there are fewer than two points. */
export const slopeOf = (points: readonly (readonly [x: number, y: number])[]): number => {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const together = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return spread > 0 ? together / spread : 0;
};
