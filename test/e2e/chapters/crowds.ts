/** Many pods come and go at once, again and again. */

import {describe, expect, it} from 'vitest';
import {create, crowdSize, membersOf, namesOf, ready, remove} from '../crowd.ts';
import {tracesLike, tracesOn, worker} from '../rig.ts';

export const crowds = (): void => {
  describe(`${crowdSize} pods that come and go three times`, () => {
    it('are all Ready each time, and leave nothing', async () => {
      const before = await tracesOn(worker);
      for (const crowd of ['first', 'second', 'third']) {
        await create(crowd, namesOf(crowd, crowdSize));
        await ready(crowd, crowdSize);
        const addresses = (await membersOf(crowd)).map(({ip}) => ip);
        expect(new Set(addresses).size).toBe(crowdSize);
        await remove(crowd);
        await tracesLike(worker, before);
      }
    }, 1_800_000);
  });
};
