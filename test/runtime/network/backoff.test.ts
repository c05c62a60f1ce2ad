import {describe, expect, it} from 'vitest';
import {createBackoff} from '../../../runtime/src/network/backoff.ts';

describe('what failed', () => {
  it('is tried again later and later, up to a minute', () => {
    let ms = 0;
    const backoff = createBackoff(() => ms, {firstMs: 1_000, mostMs: 60_000});
    expect(backoff.isDue('a')).toBe(true);
    const waits = Array.from({length: 8}, () => {
      backoff.failed('a');
      const since = ms;
      while (!backoff.isDue('a')) ms += 500;
      return ms - since;
    });
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('does not hold up others, and is forgotten when it has succeeded', () => {
    const backoff = createBackoff(() => 0, {firstMs: 1_000, mostMs: 60_000});
    backoff.failed('a');
    expect([backoff.isDue('a'), backoff.isDue('b')]).toEqual([false, true]);
    backoff.ended('a');
    expect(backoff.isDue('a')).toBe(true);
  });
});
