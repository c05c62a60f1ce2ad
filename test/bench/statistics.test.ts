import {expect, it} from 'vitest';
import {median, quantile, slopeOf, summaryOf} from './statistics.ts';

it('takes the middle of an odd number of values, in any order', () => {
  expect(median([30, 10, 20])).toBe(20);
});

it('takes the mean of the two in the middle of an even number of values', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

it('says which value 99 % of the values do not exceed', () => {
  const hundred = Array.from({length: 100}, (_, index) => index + 1);
  expect(quantile(hundred, 0.99)).toBe(99);
  expect(quantile(hundred, 1)).toBe(100);
  expect(quantile([7], 0.99)).toBe(7);
});

it('lets one slow call in a hundred pass, but not two', () => {
  const fast = Array.from({length: 98}, () => 1);
  expect(summaryOf([...fast, 1, 500]).p99).toBe(1);
  expect(summaryOf([...fast, 500, 500]).p99).toBe(500);
});

it('refuses an empty list', () => {
  expect(() => summaryOf([])).toThrow(RangeError);
});

it('finds growth, and no growth in constant values', () => {
  const points = (values: readonly number[]) => values.map((y, index) => [index * 1000, y] as const);
  expect(slopeOf(points([10, 12, 14, 16]))).toBeCloseTo(0.002);
  expect(slopeOf(points([10, 10, 10]))).toBe(0);
  expect(slopeOf(points([10]))).toBe(0);
});
