/** The worker's network configuration is replaced, atomically and otherwise. Ends with the original one. */

import {afterEach, describe, expect, it} from 'vitest';
import {apply, shell, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {nodeMessage, nodeReadiness} from '../../rig/cluster/nodes.ts';
import {
  networkOf,
  overriding,
  recreateDirectory,
  replace,
  withdraw,
} from '../../rig/cluster/other-network.ts';
import {eventsOf, podIp, podReady, podSubnet, removePods, samplePod} from '../../rig/cluster/pods.ts';
import {tracesLike, tracesOn} from '../../rig/cluster/traces.ts';
import {until} from '../../rig/wait.ts';

const addressOfNewPod = async (name: string): Promise<string> => {
  await apply(samplePod(name, {}));
  await podReady(name);
  const ip = await podIp(name);
  await removePods(name);
  return ip;
};

useCluster();

describe('a network configuration', () => {
  afterEach(async () => void (await withdraw()));

  it('applies to the next pod after an atomic replacement, and no longer after its removal', async () => {
    const before = await tracesOn(worker);
    await replace(networkOf('one', {subnet: '10.197.1.0/24'}));
    expect(await addressOfNewPod('of-one')).toMatch(/^10\.197\.1\./);
    await replace(networkOf('two', {subnet: '10.197.2.0/24'}));
    expect(await addressOfNewPod('of-two')).toMatch(/^10\.197\.2\./);
    await withdraw();
    expect(await addressOfNewPod('of-neither')).toMatch(podSubnet);
    await tracesLike(worker, before);
  });

  it('is not used while it is incomplete, which makes the node NotReady', async () => {
    const before = await tracesOn(worker);
    const text = networkOf('three', {subnet: '10.197.3.0/24'});
    const half = text.length / 2;
    try {
      await shell(worker, `printf %s '${text.slice(0, half)}' >${overriding}`);
      await nodeReadiness(worker, 'False');
      expect(await nodeMessage(worker)).toContain('05-other.conflist');
      await apply(samplePod('early', {}));
      await until('the kubelet to report the failure', async () =>
        (await eventsOf('early')).includes('etwork'),
      );
      expect(await podIp('early')).toBe('');
      await shell(worker, `printf %s '${text.slice(half)}' >>${overriding}`);
      await nodeReadiness(worker, 'True');
      await podReady('early');
      expect(await podIp('early')).toMatch(/^10\.197\.3\./);
    } finally {
      await withdraw();
    }
    await removePods('early');
    await tracesLike(worker, before);
  });

  it('is found in a recreated directory, in which the runtime restores its own configuration', async () => {
    const before = await tracesOn(worker);
    await recreateDirectory(networkOf('four', {subnet: '10.197.4.0/24'}));
    await nodeReadiness(worker, 'True');
    expect(await addressOfNewPod('of-four')).toMatch(/^10\.197\.4\./);
    await withdraw();
    await shell(worker, 'systemctl restart kni');
    await nodeReadiness(worker, 'True');
    expect(await addressOfNewPod('of-own')).toMatch(podSubnet);
    await tracesLike(worker, before);
  });
});
