import {expect, it} from 'vitest';
import {summaryOf} from '../../src/compare/statistics.ts';

it.each([
  ['one', [7], {n: 1, median: 7, p95: 7}],
  ['an even number of', [4, 1, 3, 2], {n: 4, median: 2.5, p95: 4}],
  ['an odd number of', [30, 10, 20], {n: 3, median: 20, p95: 30}],
  ['twenty', Array.from({length: 20}, (_, index) => index + 1), {n: 20, median: 10.5, p95: 19}],
])('sums up %s times', (_, times, summary) => {
  expect(summaryOf(times)).toEqual(summary);
});
