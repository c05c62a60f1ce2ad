/** Many pods are created and deleted at once, several times. */

import {describe, expect, it} from 'vitest';
import {worker} from '../../rig/cluster/cluster.ts';
import {create, crowdSize, membersOf, namesOf, ready, remove} from '../../rig/cluster/crowd.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {tracesLike, tracesOn} from '../../rig/cluster/traces.ts';

useCluster();

describe(`${crowdSize} pods that are created and deleted three times`, () => {
  it('all become Ready each time, and leave nothing on the node', async () => {
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
