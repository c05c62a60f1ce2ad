import {readdir} from 'node:fs/promises';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, bringUp, createNetwork, newPod, takeDown} from '../rig/node/pod.ts';
import {nodeName, paths, rememberNodes, startRuntime} from '../rig/node/runtime.ts';

describe('a node that runs out of addresses', () => {
  let node: TestNode;
  beforeEach(async () => {
    node = await startNode();
  });
  afterEach(() => node[Symbol.asyncDispose]());

  it.each([
    // Of eight addresses there are the network, the gateway and the broadcast address; IPv6 has no broadcast.
    ['IPv4', ['10.77.1.0/29'], '10.77.1.0/29', 5, '10.77.1.1'],
    ['IPv6', ['fd77:1::/125'], 'fd77:1::/125', 6, 'fd77:1::1'],
    ['one of two families', ['10.77.1.0/24', 'fd77:1::/126'], 'fd77:1::/126', 2, 'fd77:1::1'],
  ])('is reported as full, and recovers: %s', async (_, podCidrs, full, capacity, gateway) => {
    await rememberNodes(node, [{name: nodeName, podCidrs, internalIps: []}]);
    await using runtime = await startRuntime(node);
    const {kni} = runtime;
    const status = async () => (await kni.queryNodeNetworks({})).networks[0];

    const pods = [];
    for (let index = 0; index < capacity; index++) {
      expect(await status()).toMatchObject({ready: true});
      const pod = newPod(`pod-${index}`);
      pods.push({pod, ...(await bringUp(kni, pod))});
    }
    expect(await status()).toMatchObject({
      ready: false,
      extradata: {
        reason: 'AddressPoolExhausted',
        message: `network kni has no free address left in ${full}`,
      },
    });
    const leases = await readdir(node.path(paths.leases));
    expect(leases).not.toContain(gateway);

    const late = newPod('late');
    const netns = await createNetwork(kni, late);
    await expect(attach(kni, late, netns)).rejects.toThrow(/no IP addresses available in range set: /);

    const [first, ...others] = pods;
    if (first) await takeDown(kni, first.pod, first.netns);
    expect(await status()).toMatchObject({ready: true});
    await attach(kni, late, netns);
    expect(await status()).toMatchObject({ready: false});
    for (const {pod, netns: path} of [{pod: late, netns}, ...others]) await takeDown(kni, pod, path);
    expect(await leftovers(node)).toEqual(nothing);
  });
});
