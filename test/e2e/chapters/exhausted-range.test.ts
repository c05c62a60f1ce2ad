/** A range with fewer addresses than pods. Replaces the worker's network configuration for a while. */

import {describe, expect, it} from 'vitest';
import {apply, onNode, worker} from '../../rig/cluster/cluster.ts';
import {create, membersOf, namesOf, ready, remove} from '../../rig/cluster/crowd.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {conditionOf} from '../../rig/cluster/nodes.ts';
import {networkOf, replace, withdraw} from '../../rig/cluster/other-network.ts';
import {eventsOf, podIp, podReady, removePods, samplePod} from '../../rig/cluster/pods.ts';
import {tracesLike, tracesOn} from '../../rig/cluster/traces.ts';
import {until} from '../../rig/wait.ts';

const crowd = 'fitting';
const names = namesOf(crowd, 3);

useCluster();

describe('a range of three addresses', () => {
  it('keeps the fourth pod waiting, with the reason in an event, until an address is free', async () => {
    const before = await tracesOn(worker);
    await replace(
      networkOf('tiny', {subnet: '10.198.0.0/28', rangeStart: '10.198.0.2', rangeEnd: '10.198.0.4'}),
    );
    try {
      await create(crowd, names);
      await ready(crowd, names.length);
      const members = await membersOf(crowd);
      expect(members.map(({ip}) => ip).sort()).toEqual(['10.198.0.2', '10.198.0.3', '10.198.0.4']);

      await apply(samplePod('waiting', {}));
      await until('an event that names the range', async () =>
        (await eventsOf('waiting')).includes('10.198.0.2-10.198.0.4'),
      );
      expect(await conditionOf('pod', 'waiting')).not.toBe('True'); // False or not set yet
      // The node stays Ready: otherwise its running pods would be evicted.
      const {networks} = JSON.parse(await onNode(worker, 'kni-runtime', 'networks')) as {networks: unknown};
      expect(networks).toMatchObject([
        {ready: false, extradata: {reason: 'AddressPoolExhausted', running_pods: 'unaffected'}},
      ]);
      expect(await conditionOf('node', worker)).toBe('True');
      expect(await membersOf(crowd)).toEqual(members);

      const [left, ...staying] = members;
      await removePods(left?.name ?? '');
      await podReady('waiting');
      expect(await podIp('waiting')).toBe(left?.ip);
      expect(await membersOf(crowd)).toEqual(staying);
    } finally {
      await withdraw();
    }
    await removePods('waiting');
    await remove(crowd);
    await tracesLike(worker, before);
  });
});
