import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {leftovers, nothing} from './rig/leftovers.ts';
import {startNode, type TestNode} from './rig/node.ts';
import {bringUp, identify, newPod, takeDown} from './rig/pod.ts';
import {rememberNodes, startRuntime, type TestRuntime} from './rig/runtime.ts';

describe('the life of a pod', () => {
  let node: TestNode;
  let runtime: TestRuntime;
  beforeAll(async () => {
    node = await startNode();
    await rememberNodes(node);
    runtime = await startRuntime(node);
  });
  afterAll(async () => {
    await node[Symbol.asyncDispose]();
  });

  it('tells that the node is ready', async () => {
    const {networks} = await runtime.kni.queryNodeNetworks({});
    expect(networks).toMatchObject([{name: 'kni', ready: true}]);
    await runtime.kni.setupNodeNetwork({});
  });

  it('goes from nothing to an address and back to nothing', async () => {
    const pod = newPod('web');
    const {netns, ip, mac} = await bringUp(runtime.kni, pod);
    expect(netns).toMatch(new RegExp(`^/run/netns/kni-${pod.uid}-`));
    expect(ip).toMatch(/^10\.77\.1\.\d+$/);

    const inPod = JSON.parse(await node.inPod(netns, ['ip', '-json', 'address'])) as unknown;
    expect(inPod).toMatchObject([
      {ifname: 'lo', operstate: 'UNKNOWN'},
      {ifname: 'eth0', address: mac, addr_info: [{local: ip, prefixlen: 24}, {}]},
    ]);
    const {ipconfigs} = await runtime.kni.queryPodNetwork(identify(pod));
    expect(ipconfigs).toMatchObject({eth0: {ip: [ip], mac}});

    await takeDown(runtime.kni, pod, netns);
    expect(await leftovers(node)).toEqual(nothing);
  });
});
