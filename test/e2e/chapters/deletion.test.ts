/** A deleted pod leaves nothing on its node. */

import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {named, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {kniDemo} from '../../rig/cluster/kni-demo.ts';
import {podIp, removePods} from '../../rig/cluster/pods.ts';
import {tracesLike, tracesOn} from '../../rig/cluster/traces.ts';

useCluster();

describe('the deletion of a pod', () => {
  it('removes netns, address, record and veth of the pod', async () => {
    const before = await tracesOn(worker);
    const doomed = await kniDemo('pod', 'create', 'doomed', ...named, '--node', worker);
    expect(doomed.exitCode).toBe(exitCodes.ok);
    const ip = await podIp('doomed');
    const during = await tracesOn(worker);
    expect(during.addresses).toContain(ip);
    expect(during.netns).toHaveLength(before.netns.length + 1);
    expect(during.records).toHaveLength(before.records.length + 1);
    expect(during.veths).toBe(before.veths + 1);
    await removePods('doomed');
    await tracesLike(worker, before);
  });
});
