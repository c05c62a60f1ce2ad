import {describe, expect, it} from 'vitest';
import {seconds} from '../src/duration.ts';

describe('seconds', () => {
  it.each([
    [0, '0 s'],
    [49, '0 s'],
    [120, '0.1 s'],
    [1_000, '1 s'],
    [12_345, '12.3 s'],
    [99_949, '99.9 s'],
    [250_400, '250 s'],
  ])('%d ms is %s', (ms, text) => {
    expect(seconds(ms)).toBe(text);
  });
});
