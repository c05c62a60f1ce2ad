/** A node restarts without `up`. */

import {describe, expect, it} from 'vitest';
import {run, worker} from '../../rig/cluster/cluster.ts';
import {create, membersOf, namesOf, ready, remove} from '../../rig/cluster/crowd.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {leaseRenewed, nodeReadiness} from '../../rig/cluster/nodes.ts';
import {podReady, sample} from '../../rig/cluster/pods.ts';
import {networksOfPods} from '../../rig/cluster/traces.ts';
import {until} from '../../rig/wait.ts';

const crowd = 'survivors';
const names = namesOf(crowd, 5);

useCluster();

describe('a node that restarts', () => {
  it('becomes Ready with a new network for each pod, and nothing is left of the old networks', async () => {
    await networksOfPods(worker);
    await create(crowd, names);
    await ready(crowd, names.length);
    const old = await membersOf(crowd);
    await networksOfPods(worker);
    await run('docker', 'restart', '--time', '5', worker);
    await leaseRenewed(worker);
    await nodeReadiness(worker, 'True');
    await until('every pod to have a new container', async () => {
      const now = await membersOf(crowd);
      return now.every(({container}, index) => container !== '' && container !== old[index]?.container);
    });
    await ready(crowd, names.length);
    await podReady(sample);
    await networksOfPods(worker);
    expect((await membersOf(crowd)).map(({uid}) => uid)).toEqual(old.map(({uid}) => uid));
    await remove(crowd);
    await networksOfPods(worker);
  });
});
