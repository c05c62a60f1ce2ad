import {afterEach, beforeAll, describe, expect, it} from 'vitest';
import {startNodeWithRuntime} from '../rig/node/fixture.ts';
import {becomesEmpty} from '../rig/node/leftovers.ts';
import type {TestNode} from '../rig/node/node.ts';
import {attach, createNetwork, identify, newPod, takeDown} from '../rig/node/pod.ts';
import {paths, type TestRuntime} from '../rig/node/runtime.ts';

const annotation = 'k8s.v1.cni.cncf.io/networks';

/** A separate bridge with real addresses, which honours requests for an address or a MAC. */
const network = (name: string, subnet: string) => ({
  cniVersion: '1.0.0',
  ...(name && {name}),
  plugins: [
    {
      type: 'bridge',
      bridge: `br-${name || 'x'}`,
      capabilities: {ips: true, mac: true},
      ipam: {type: 'host-local', dataDir: `${paths.state}/ipam`, ranges: [[{subnet}]]},
    },
  ],
});

describe('a pod that asks for further networks', () => {
  let node: TestNode;
  let runtime: TestRuntime;
  beforeAll(async () => {
    const definitions = [
      {namespace: 'default', name: 'video', config: JSON.stringify(network('video', '10.81.0.0/24'))},
      {namespace: 'other', name: 'video', config: JSON.stringify(network('othervideo', '10.82.0.0/24'))},
      {
        namespace: 'default',
        name: 'nameless',
        config: JSON.stringify(network('', '10.83.0.0/24').plugins[0]).replace('{', '{"cniVersion":"1.0.0",'),
      },
      {namespace: 'default', name: 'storage', config: ''},
      {namespace: 'default', name: 'broken', config: '{"cniVersion":'},
      {namespace: 'default', name: 'half', config: String.raw`{"cniVersion":"1.0.0","type":"\ud800"}`},
    ];
    const started = await startNodeWithRuntime(['--shared-namespaces=other'], {
      [`${paths.conf}/50-storage.conflist`]: network('storage', '10.80.0.0/24'),
      [paths.definitions]: definitions,
    });
    ({node, runtime} = started);
    return started.stop;
  });
  afterEach(() => becomesEmpty(node));

  const up = async (networks: unknown, name = 'many') => {
    const pod = newPod(name);
    const netns = await createNetwork(runtime.kni, pod);
    const annotations = {[annotation]: typeof networks === 'string' ? networks : JSON.stringify(networks)};
    return {
      pod,
      netns,
      attached: attach(runtime.kni, pod, netns, {annotations}),
      down: () => takeDown(runtime.kni, pod, netns),
    };
  };
  const addressesIn = async (netns: string) => {
    const links = JSON.parse(await node.inPod(netns, ['ip', '-json', 'address'])) as {
      ifname: string;
      address: string;
      addr_info: {family: string; local: string}[];
    }[];
    const own = links.filter(({ifname}) => ifname !== 'lo');
    return own.map(({ifname, address, addr_info: infos}) => ({
      name: ifname,
      mac: address,
      ip: infos.filter(({family}) => family === 'inet').map(({local}) => local),
    }));
  };

  it('gets them as net1, net2, … in the order asked, and gets all of them again', async () => {
    const {pod, netns, attached, down} = await up('storage,other/video,nameless,video@vid');
    const ipconfigs = await attached;
    expect(Object.keys(ipconfigs)).toEqual(['eth0', 'net1', 'net2', 'net3', 'vid']);
    expect(ipconfigs['net1']?.ip[0]).toMatch(/^10\.80\./);
    expect(ipconfigs['net2']?.ip[0]).toMatch(/^10\.82\./);
    expect(ipconfigs['net3']?.ip[0]).toMatch(/^10\.83\./);
    expect(ipconfigs['vid']?.ip[0]).toMatch(/^10\.81\./);
    const told = Object.entries(ipconfigs).map(([name, {ip, mac}]) => ({name, mac, ip}));
    expect(await addressesIn(netns)).toEqual(told);
    expect((await runtime.kni.queryPodNetwork(identify(pod))).ipconfigs).toEqual(ipconfigs);
    await down();
  });

  it('gets the interface name, address and MAC that it asks for', async () => {
    const wish = {name: 'storage', interface: 'data0', ips: ['10.80.0.77/24'], mac: '02:00:00:00:00:77'};
    const {netns, attached, down} = await up([wish]);
    expect((await attached)['data0']).toMatchObject({ip: ['10.80.0.77'], mac: '02:00:00:00:00:77'});
    const [, data] = await addressesIn(netns);
    expect(data).toEqual({name: 'data0', mac: '02:00:00:00:00:77', ip: ['10.80.0.77']});
    await down();
  });

  it('gets nothing at all when one of them fails, and all once it can be had', async () => {
    const taken = await up([{name: 'storage', ips: ['10.80.0.78']}], 'first');
    await taken.attached;
    const unlucky = await up([{name: 'video'}, {name: 'storage', ips: ['10.80.0.78']}]);
    await expect(unlucky.attached).rejects.toThrow('10.80.0.78 is not available');
    expect(await addressesIn(unlucky.netns)).toEqual([]);
    await taken.down();
    const annotations = {
      [annotation]: JSON.stringify([{name: 'video'}, {name: 'storage', ips: ['10.80.0.78']}]),
    };
    const ipconfigs = await attach(runtime.kni, unlucky.pod, unlucky.netns, {annotations});
    expect(ipconfigs['net2']?.ip).toEqual(['10.80.0.78']);
    await unlucky.down();
  });

  it.each([
    ['nowhere', 9, 'network nowhere is neither'],
    ['other/storage', 9, 'network other/storage is neither'],
    ['broken', 9, 'NetworkAttachmentDefinition broken is not valid JSON'],
    ['half', 9, 'CNI plugin  is not in '],
    ['[{"name":"storage","mac":"x"}]', 3, 'mac must be six octets'],
  ])('for %s is told what is wrong with that', async (networks, code, details) => {
    const {attached, down} = await up(networks);
    await expect(attached).rejects.toMatchObject({code, details: expect.stringContaining(details) as string});
    await down();
  });
});
