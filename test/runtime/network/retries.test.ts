import {describe, expect, it} from 'vitest';
import {createRetries} from '../../../runtime/src/network/retries.ts';

describe('what failed', () => {
  it('is tried again later and later, up to a minute', () => {
    let ms = 0;
    const retries = createRetries(() => ms, {firstMs: 1_000, mostMs: 60_000});
    expect(retries.isDue('a')).toBe(true);
    const waits = Array.from({length: 8}, () => {
      retries.failed('a');
      const since = ms;
      while (!retries.isDue('a')) ms += 500;
      return ms - since;
    });
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('does not hold up others, and is forgotten when it has succeeded', () => {
    const retries = createRetries(() => 0, {firstMs: 1_000, mostMs: 60_000});
    retries.failed('a');
    expect([retries.isDue('a'), retries.isDue('b')]).toEqual([false, true]);
    retries.ended('a');
    expect(retries.isDue('a')).toBe(true);
  });
});
