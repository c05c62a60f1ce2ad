import {readFile} from 'node:fs/promises';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type NodeApi, startNodeApi} from '../rig/node/api.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {bringUp, newPod, takeDown} from '../rig/node/pod.ts';
import {nodeName, paths, startRuntime, type TestRuntime} from '../rig/node/runtime.ts';
import {connectToWorld, world} from '../rig/node/world.ts';
import {until} from '../rig/wait.ts';

const other = {name: 'node-b', podCIDR: '10.77.2.0/24', internalIp: '172.30.0.3'};
const own = {name: nodeName, podCIDR: '10.77.1.0/24', internalIp: world.nodeIp};

describe('a node that joins a cluster', () => {
  let node: TestNode;
  let api: NodeApi;
  let runtime: TestRuntime;

  beforeAll(async () => {
    node = await startNode();
    await connectToWorld(node);
    api = await startNodeApi(node);
    runtime = await startRuntime(node);
  });
  afterAll(async () => {
    await node[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
  });

  const readiness = async () => {
    const {networks} = await runtime.kni.queryNodeNetworks({});
    const [network] = networks;
    return network?.ready ? 'ready' : network?.extradata['reason'];
  };
  const reads = (expected: string) =>
    until(`readiness is ${expected}`, async () => (await readiness()) === expected);
  const routes = async () => {
    const printed = await node.run(['ip', '-json', 'route', 'show', 'proto', '107']);
    const shown = JSON.parse(printed) as {dst: string; gateway: string}[];
    return shown.map(({dst, gateway}) => `${dst} via ${gateway}`);
  };
  const routed = (...expected: string[]) =>
    until(
      `routes are ${expected.join(', ')}`,
      async () => JSON.stringify(await routes()) === JSON.stringify(expected),
    );

  it('reports each requirement that is still missing', async () => {
    expect(await readiness()).toBe('KubeconfigMissing');
    await expect(runtime.kni.setupNodeNetwork({})).rejects.toMatchObject({
      code: 9,
      details: `${paths.kubeconfig} does not exist yet`,
    });
    await api.writeCredentials();
    await reads('APIServerUnreachable');
    await api.server.listen(api.socket);
    await reads('NodeMissing');
    api.server.setNodes([{name: nodeName}]);
    await reads('PodCIDRMissing');
    await expect(
      runtime.kni.attachInterface({id: 'early', name: 'early', namespace: 'default'}),
    ).rejects.toMatchObject({code: 5});
    api.server.setNodes([own, other]);
    await reads('ready');
    await runtime.kni.setupNodeNetwork({});
  });

  it('writes the network configuration for its own podCIDR', async () => {
    const conflist = JSON.parse(
      await readFile(node.path(`${paths.conf}/10-kni.conflist`), 'utf8'),
    ) as unknown;
    expect(conflist).toMatchObject({
      cniVersion: '1.0.0',
      plugins: [
        {
          type: 'bridge',
          bridge: 'kni0',
          mtu: world.mtu,
          ipMasq: false,
          ipam: {ranges: [[{subnet: '10.77.1.0/24'}]]},
        },
        {type: 'portmap', capabilities: {portMappings: true}},
      ],
    });
  });

  it('routes to the other nodes, follows them, and leaves foreign routes alone', async () => {
    await routed('10.77.2.0/24 via 172.30.0.3');
    await node.run(['ip', 'route', 'add', '192.0.2.0/24', 'via', '172.30.0.9']);
    api.server.setNodes([own, {...other, internalIp: '172.30.0.4'}]);
    await routed('10.77.2.0/24 via 172.30.0.4');
    api.server.setNodes([own, other, {name: 'node-c', podCIDR: '10.77.3.0/24', internalIp: '172.30.0.5'}]);
    await routed('10.77.2.0/24 via 172.30.0.3', '10.77.3.0/24 via 172.30.0.5');
    api.server.setNodes([own, other]);
    await routed('10.77.2.0/24 via 172.30.0.3');
    expect(await node.run(['ip', 'route', 'show', '192.0.2.0/24'])).toContain('172.30.0.9');
  });

  it('forwards, and masquerades what leaves the cluster only', async () => {
    expect((await node.run(['cat', '/proc/sys/net/ipv4/ip_forward'])).trim()).toBe('1');
    const rules = await node.run(['iptables', '-t', 'nat', '-S', 'KNI-MASQ']);
    expect(rules.trim().split('\n')).toEqual([
      '-N KNI-MASQ',
      '-A KNI-MASQ ! -s 10.77.1.0/24 -j RETURN',
      '-A KNI-MASQ -d 10.77.1.0/24 -m conntrack --ctstate DNAT -j MASQUERADE',
      '-A KNI-MASQ -d 10.77.1.0/24 -j RETURN',
      '-A KNI-MASQ -d 10.77.2.0/24 -j RETURN',
      '-A KNI-MASQ -d 224.0.0.0/4 -j RETURN',
      '-A KNI-MASQ -j MASQUERADE --random-fully',
    ]);
  });

  it('restores flushed rules on SetupNodeNetwork, without duplicates', async () => {
    await node.run(['iptables', '-t', 'nat', '-F']);
    await node.run(['ip', 'route', 'flush', 'proto', '107']);
    await runtime.kni.setupNodeNetwork({});
    await runtime.kni.setupNodeNetwork({});
    const rules = await node.run(['iptables', '-t', 'nat', '-S', 'POSTROUTING']);
    expect(rules.match(/-j KNI-MASQ/g)).toHaveLength(1);
    expect(await routes()).toEqual(['10.77.2.0/24 via 172.30.0.3']);
  });

  it.each([
    ['clean', '172.30.0.6'],
    ['expired', '172.30.0.7'],
    ['cut', '172.30.0.8'],
  ] as const)('goes on following after a watch ended: %s', async (how, internalIp) => {
    await api.server.endWatches(how);
    api.server.setNodes([own, {...other, internalIp}]);
    await routed(`10.77.2.0/24 via ${internalIp}`);
    expect(await readiness()).toBe('ready');
  });

  it('uses the rotated certificate', async () => {
    await api.writeCredentials('system:node:rotated');
    await api.server.endWatches('clean');
    const watched = 'system:node:rotated /api/v1/nodes?watch';
    await until('the new certificate is used', () => api.server.requests.includes(watched));
    expect(await readiness()).toBe('ready');
  });

  it('keeps its routes during an outage of the API server, and follows changes afterwards', async () => {
    const applied = async () => [await routes(), await node.run(['iptables', '-t', 'nat', '-S'])];
    const before = await applied();
    await api.server.close();
    const unreachable = () => runtime.log.filter(({msg}) => msg === 'cannot watch the nodes').length;
    const known = unreachable();
    await until('it is noticed', () => unreachable() > known);
    await runtime.kni.setupNodeNetwork({});
    expect(await applied()).toEqual(before);
    expect(await readiness()).toBe('ready');
    api.server.setNodes([own, {...other, internalIp: '172.30.0.9'}]);
    await api.server.listen(api.socket);
    await routed('10.77.2.0/24 via 172.30.0.9');
  });

  it('stays ready through a restart while the API server is down', async () => {
    const pod = newPod('lasting');
    const {netns, ip} = await bringUp(runtime.kni, pod);
    await api.server.close();
    await runtime.stop('SIGKILL');
    await node.run(['iptables', '-t', 'nat', '-F']);
    await node.run(['ip', 'route', 'flush', 'proto', '107']);
    runtime = await startRuntime(node);
    expect(await readiness()).toBe('ready');
    expect(await routes()).toHaveLength(1);
    expect(await node.run(['iptables', '-t', 'nat', '-S', 'POSTROUTING'])).toContain('KNI-MASQ');
    const {ipconfigs} = await runtime.kni.queryPodNetwork({id: pod.sandbox});
    expect(ipconfigs['eth0']?.ip).toEqual([ip]);
    await takeDown(runtime.kni, pod, netns);
  });
});
