import {isIPv4, isIPv6} from 'node:net';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, createNetwork, newPod, type TestPod, takeDown} from '../rig/node/pod.ts';
import {nodeName, rememberNodes, startRuntime, type TestRuntime} from '../rig/node/runtime.ts';
import {listenOn, talkTo} from '../rig/node/talk.ts';
import {connectToWorld, world} from '../rig/node/world.ts';

const other = {name: 'node-b', podCidrs: ['10.77.2.0/24', 'fd77:2::/64'], internalIps: [world.ip, world.ip6]};

interface Joined {
  readonly pod: TestPod;
  readonly netns: string;
  readonly ips: readonly string[];
}

const join = async ({kni}: TestRuntime, name: string): Promise<Joined> => {
  const pod = newPod(name);
  const netns = await createNetwork(kni, pod);
  const {eth0} = await attach(kni, pod, netns);
  return {pod, netns, ips: eth0?.ip ?? []};
};

const defaultsOf = async (node: TestNode, netns: string) => {
  const printed = await Promise.all(
    ['-4', '-6'].map((family) => node.inPod(netns, ['ip', family, '-json', 'route', 'show', 'default'])),
  );
  return printed.flatMap((text) => JSON.parse(text) as {gateway: string}[]).map(({gateway}) => gateway);
};

const rulesOf = async (node: TestNode, tool: string) =>
  (await node.run([tool, '-t', 'nat', '-S'])).split('\n').filter((rule) => rule.includes('KNI-MASQ'));

describe('pods of a node with two families', () => {
  let node: TestNode;
  let runtime: TestRuntime;
  let client: Joined;
  let server: Joined;

  beforeAll(async () => {
    node = await startNode();
    await connectToWorld(node);
    const own = {
      name: nodeName,
      podCidrs: ['10.77.1.0/24', 'fd77:1::/64'],
      internalIps: [world.nodeIp, world.nodeIp6],
    };
    await rememberNodes(node, [own, other]);
    runtime = await startRuntime(node, ['--pod-subnet=10.77.0.0/16,fd77::/16']);
    client = await join(runtime, 'client');
    server = await join(runtime, 'server');
    await listenOn(node, server.netns, 8080);
    await listenOn(node, world.netns, 9090);
  });
  afterAll(() => node[Symbol.asyncDispose]());

  it('have an address and a default route of each', async () => {
    expect(client.ips.map(isIPv4)).toEqual([true, false]);
    expect(client.ips.map(isIPv6)).toEqual([false, true]);
    expect(await defaultsOf(node, client.netns)).toEqual(['10.77.1.1', 'fd77:1::1']);
  });

  it('need not wait until their addresses, or the gateway, are known to be unique', async () => {
    const tentative = ['ip', '-6', 'address', 'show', 'tentative'];
    expect(await node.inPod(client.netns, tentative)).toBe('');
    expect(await node.run([...tentative, 'dev', 'kni0'])).toBe('');
    expect((await node.run(['cat', '/proc/sys/net/ipv6/conf/kni0/accept_dad'])).trim()).toBe('0');
  });

  it('are forwarded, for which the node keeps what routers advertise to it', async () => {
    const setting = async (name: string) =>
      (await node.run(['cat', `/proc/sys/net/ipv6/conf/${name}`])).trim();
    expect(await setting('all/forwarding')).toBe('1');
    expect(await setting('uplink/accept_ra')).toBe('2'); // 1 means no longer when forwarding
    expect(await setting('kni0/accept_ra')).toBe('0');
  });

  it.each([0, 1])('reach each other, the node and the world as the node, by family %i', async (family) => {
    const from = client.ips[family];
    const worldIp = [world.ip, world.ip6][family] ?? '';
    expect(await talkTo(node, client.netns, server.ips[family] ?? '', 8080)).toBe(from);
    expect(await talkTo(node, undefined, server.ips[family] ?? '', 8080)).toBe(
      ['10.77.1.1', 'fd77:1::1'][family],
    );
    expect(await talkTo(node, client.netns, worldIp, 9090)).toBe([world.nodeIp, world.nodeIp6][family]);
  });

  it('are not masqueraded to pods of other nodes, whose routes have both families', async () => {
    const routes = await node.run(['sh', '-c', 'ip -4 route show proto 107; ip -6 route show proto 107']);
    expect(routes).toContain(`10.77.2.0/24 via ${world.ip}`);
    expect(routes).toContain(`fd77:2::/64 via ${world.ip6}`);
    expect(await rulesOf(node, 'iptables')).toContain('-A KNI-MASQ -d 10.77.0.0/16 -j RETURN');
    expect(await rulesOf(node, 'ip6tables')).toContain('-A KNI-MASQ -d fd77::/16 -j RETURN');
  });

  it('leave nothing behind', async () => {
    expect((await leftovers(node)).leases).toHaveLength(4);
    await takeDown(runtime.kni, client.pod, client.netns);
    await takeDown(runtime.kni, server.pod, server.netns);
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('find the rules and routes of both families again after they were flushed', async () => {
    const read = async () => [
      await rulesOf(node, 'iptables'),
      await rulesOf(node, 'ip6tables'),
      await node.run(['ip', '-6', 'route', 'show', 'proto', '107']),
    ];
    const before = await read();
    await node.run(['ip6tables', '-t', 'nat', '-F']);
    await node.run(['ip', '-6', 'route', 'flush', 'proto', '107']);
    expect(await read()).not.toEqual(before);
    await runtime.kni.setupNodeNetwork({});
    expect(await read()).toEqual(before);
  });
});

describe('pods of a node with IPv6 alone', () => {
  let node: TestNode;
  let runtime: TestRuntime;

  beforeAll(async () => {
    node = await startNode();
    await connectToWorld(node);
    // As on a host that does not use IPv6 itself: new interfaces have none unless told otherwise.
    await node.run(['sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6']);
    const own = {name: nodeName, podCidrs: ['fd77:1::/64'], internalIps: [world.nodeIp6]};
    await rememberNodes(node, [own, {...other, podCidrs: ['fd77:2::/64']}]);
    runtime = await startRuntime(node);
  });
  afterAll(() => node[Symbol.asyncDispose]());

  it('have that alone, and reach each other and the world', async () => {
    const [client, server] = [await join(runtime, 'client'), await join(runtime, 'server')];
    expect(client.ips.map(isIPv6)).toEqual([true]);
    expect(await defaultsOf(node, client.netns)).toEqual(['fd77:1::1']);
    await listenOn(node, server.netns, 8080);
    await listenOn(node, world.netns, 9090);
    expect(await talkTo(node, client.netns, server.ips[0] ?? '', 8080)).toBe(client.ips[0]);
    expect(await talkTo(node, client.netns, world.ip6, 9090)).toBe(world.nodeIp6);
    await takeDown(runtime.kni, client.pod, client.netns);
    await takeDown(runtime.kni, server.pod, server.netns);
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('do without anything of IPv4', async () => {
    expect(await rulesOf(node, 'iptables')).toEqual([]);
    expect(await node.run(['ip', '-4', 'route', 'show', 'proto', '107'])).toBe('');
  });
});
