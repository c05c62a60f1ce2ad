/** The network configuration of a node is replaced, well and badly. */

import {describe, expect, it} from 'vitest';
import {networkOf, overriding, recreateDirectory, replace, withdraw} from '../other-network.ts';
import {
  apply,
  conditionOf,
  eventually,
  kubectl,
  nodeMessage,
  podIp,
  podReady,
  podSubnet,
  removePods,
  samplePod,
  shell,
  tracesLike,
  tracesOn,
  worker,
} from '../rig.ts';

const readiness = (status: string): Promise<unknown> =>
  eventually(`the worker to be Ready: ${status}`, async () => (await conditionOf('node', worker)) === status);

const addressOfNewPod = async (name: string): Promise<string> => {
  await apply(samplePod(name, {}));
  await podReady(name);
  const ip = await podIp(name);
  await removePods(name);
  return ip;
};

export const replacedConfiguration = (): void => {
  describe('a network configuration', () => {
    it('counts for the next pod when it was replaced at once, and not after it is gone', async () => {
      const before = await tracesOn(worker);
      await replace(networkOf('one', {subnet: '10.197.1.0/24'}));
      expect(await addressOfNewPod('of-one')).toMatch(/^10\.197\.1\./);
      await replace(networkOf('two', {subnet: '10.197.2.0/24'}));
      expect(await addressOfNewPod('of-two')).toMatch(/^10\.197\.2\./);
      await withdraw();
      expect(await addressOfNewPod('of-neither')).toMatch(podSubnet);
      await tracesLike(worker, before);
    });

    it('is not used while half of it is written, of which the node tells', async () => {
      const before = await tracesOn(worker);
      const text = networkOf('three', {subnet: '10.197.3.0/24'});
      const half = text.length / 2;
      try {
        await shell(worker, `printf %s '${text.slice(0, half)}' >${overriding}`);
        await readiness('False');
        expect(await nodeMessage(worker)).toContain('05-other.conflist');
        await apply(samplePod('early', {}));
        await eventually('the kubelet to have tried', async () =>
          (
            await kubectl(
              'get',
              'events',
              '--field-selector=involvedObject.name=early',
              '-o',
              'jsonpath={.items[*].message}',
            )
          ).includes('etwork'),
        );
        expect(await podIp('early')).toBe('');
        await shell(worker, `printf %s '${text.slice(half)}' >>${overriding}`);
        await readiness('True');
        await podReady('early');
        expect(await podIp('early')).toMatch(/^10\.197\.3\./);
      } finally {
        await withdraw();
      }
      await removePods('early');
      await tracesLike(worker, before);
    });

    it('is found in a directory that was made anew, to which the runtime brings back its own', async () => {
      const before = await tracesOn(worker);
      await recreateDirectory(networkOf('four', {subnet: '10.197.4.0/24'}));
      await readiness('True');
      expect(await addressOfNewPod('of-four')).toMatch(/^10\.197\.4\./);
      await withdraw();
      await shell(worker, 'systemctl restart kni');
      await readiness('True');
      expect(await addressOfNewPod('of-own')).toMatch(podSubnet);
      await tracesLike(worker, before);
    });
  });
};
