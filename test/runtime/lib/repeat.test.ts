import {setTimeout as delay} from 'node:timers/promises';
import {expect, it} from 'vitest';
import {repeat} from '../../../runtime/src/lib/repeat.ts';

it('starts no run before the last one has ended, or after an abort', async () => {
  const ending = new AbortController();
  const seen: string[] = [];
  await repeat(
    async () => {
      seen.push('begins');
      await delay(20); // longer than the pause
      seen.push('ends');
      if (seen.length === 6) ending.abort();
    },
    1,
    ending.signal,
  );
  expect(seen).toEqual(['begins', 'ends', 'begins', 'ends', 'begins', 'ends']);
});

it('does not wait for the pause to pass when it is aborted', async () => {
  const ending = new AbortController();
  const done = repeat(async () => {}, 60_000, ending.signal);
  ending.abort();
  await expect(done).resolves.toBeUndefined();
});
