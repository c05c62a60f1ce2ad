import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {tunnelMacOf} from '../../runtime/src/node/vxlan.ts';
import {type NodeApi, startNodeApi} from '../rig/node/api.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {nodeName, startRuntime, type TestRuntime} from '../rig/node/runtime.ts';
import {connectToWorld, world} from '../rig/node/world.ts';
import {until} from '../rig/wait.ts';

const nodeOf = (name: string, day: number, podCIDRs: readonly string[], internalIps: readonly string[]) => ({
  name,
  podCIDRs,
  internalIps,
  creationTimestamp: `2026-01-0${day}T00:00:00Z`,
});
const own = nodeOf(nodeName, 2, ['10.77.1.0/24', 'fd77:1::/64'], [world.nodeIp, world.nodeIp6]);
const good = nodeOf('good', 3, ['10.77.2.0/24', 'fd77:2::/64'], ['172.30.0.3', 'fd30::3']);
const evil = (...podCIDRs: string[]) => nodeOf('evil', 4, podCIDRs, ['172.30.0.66', 'fd30::66']);
const tunnelMac = (last: number) => tunnelMacOf(`172.30.0.${last}`);
const refusal = 'refused the podCIDR of a node';

describe.each([
  ['host-gw', 'with a pod subnet', ['--pod-subnet=10.77.0.0/16,fd77::/16']],
  ['host-gw', 'without a pod subnet', []],
  ['vxlan', 'with a pod subnet', ['--pod-subnet=10.77.0.0/16,fd77::/16', '--backend=vxlan']],
] as const)('podCIDRs that a node must not have: %s, %s', (backend, _, flags) => {
  let node: TestNode;
  let api: NodeApi;
  let runtime: TestRuntime;

  beforeAll(async () => {
    node = await startNode();
    await connectToWorld(node);
    api = await startNodeApi(node);
    await api.server.listen(api.socket);
    await api.writeCredentials();
    api.server.setNodes([own, good]);
    runtime = await startRuntime(node, flags);
  });
  afterAll(async () => {
    await node[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
  });

  const routes = async () => {
    const printed = await node.run(['sh', '-c', 'for f in -4 -6; do ip $f route show proto 107; done']);
    return printed.split('\n').flatMap((line) => line.trim().split(' ')[0] || []);
  };
  const routed = (...expected: string[]) => expect.poll(routes, {timeout: 60_000}).toEqual(expected);
  const refusals = () => runtime.log.filter(({msg}) => msg === refusal);
  const metric = async () => {
    const program = `fetch('http://127.0.0.1:9465/metrics').then((answer) => answer.text()).then(console.log)`;
    const text = await node.run([process.execPath, '-e', program]);
    const counts = text.matchAll(/^kni_refused_pod_cidrs\{reason="([^"]+)"\} ([1-9]\d*)$/gm);
    return [...counts].map(([, reason, count]) => `${reason} ${count}`);
  };

  it('are not routed to, while those of other nodes are', async () => {
    const podCidrs = ['8.0.0.0/5', `${world.nodeIp}/32`, '172.30.0.3/32', '10.77.1.128/25', '10.77.2.7/32'];
    for (const podCidr of podCidrs) {
      const before = refusals().length;
      api.server.setNodes([own, good, evil(podCidr, 'fd77:9::/64')]);
      await until('it is refused', () => refusals().length > before);
      await routed('10.77.2.0/24', 'fd77:2::/64', 'fd77:9::/64');
      expect(refusals().at(-1)).toMatchObject({level: 'warn', node: 'evil', podCidr});
    }
    const rules = await node.run(['iptables', '-t', 'nat', '-S', 'KNI-MASQ']);
    for (const podCidr of podCidrs) expect(rules).not.toContain(`-d ${podCidr} -j RETURN`);
  });

  it('do not become entries of the tunnel device', async () => {
    api.server.setNodes([own, good, evil('10.77.1.128/25')]);
    await routed('10.77.2.0/24', 'fd77:2::/64');
    const links = await node.run(['ip', 'link', 'show']);
    expect(links.includes('kni.vxlan')).toBe(backend === 'vxlan');
    if (backend !== 'vxlan') return;
    const neighbours = await node.run(['ip', 'neigh', 'show', 'dev', 'kni.vxlan']);
    expect(neighbours).toContain('10.77.2.0');
    expect(neighbours).not.toContain('10.77.1.128');
    expect(await node.run(['bridge', 'fdb', 'show', 'dev', 'kni.vxlan'])).not.toContain('172.30.0.66');
  });

  it('are logged once and counted', async () => {
    api.server.setNodes([own, good, evil('10.77.2.7/32', '::/0')]);
    await until('both are refused', async () => (await metric()).length === 2);
    expect(await metric()).toEqual(['outside-pod-subnet 1', 'older-node 1']);
    const before = refusals().length;
    for (let repairs = 0; repairs < 3; repairs++) await runtime.kni.setupNodeNetwork({});
    expect(refusals()).toHaveLength(before);
    api.server.setNodes([own, good, evil('10.77.9.0/24')]);
    await routed('10.77.2.0/24', '10.77.9.0/24', 'fd77:2::/64');
    expect(await metric()).toEqual([]);
  });

  it('stay with the older node when the younger one has the same', async () => {
    const older = {...evil('10.77.2.0/24'), creationTimestamp: '2026-01-01T00:00:00Z'};
    const [viaOlder, viaGood] =
      backend === 'vxlan' ? [tunnelMac(66), tunnelMac(3)] : ['172.30.0.66', '172.30.0.3'];
    const way = () =>
      node.run(
        backend === 'vxlan' ? ['ip', 'neigh', 'show', '10.77.2.0'] : ['ip', 'route', 'show', '10.77.2.0/24'],
      );
    api.server.setNodes([own, good, older]);
    await expect.poll(way, {timeout: 60_000}).toContain(viaOlder);
    expect(refusals().at(-1)).toMatchObject({node: 'good', podCidr: '10.77.2.0/24', reason: 'older-node'});
    api.server.setNodes([own, good]);
    await expect.poll(way, {timeout: 60_000}).toContain(viaGood);
  });
});

describe('a node whose own podCIDR is outside the pod subnet', () => {
  it('is not ready, with the reason', async () => {
    await using node = await startNode();
    await connectToWorld(node);
    await using api = await startNodeApi(node);
    await api.server.listen(api.socket);
    await api.writeCredentials();
    api.server.setNodes([{...own, podCIDRs: ['10.99.1.0/24']}, good]);
    await using runtime = await startRuntime(node, ['--pod-subnet=10.77.0.0/16']);
    const said = async () => (await runtime.kni.queryNodeNetworks({})).networks[0]?.extradata;
    await expect.poll(said, {timeout: 60_000}).toMatchObject({
      reason: 'PodCIDRInvalid',
      message: 'podCIDR 10.99.1.0/24 of node node-a is refused: it is outside the pod subnet 10.77.0.0/16',
    });
    expect(await node.run(['ip', 'route', 'show', 'proto', '107'])).toBe('');
  });
});
