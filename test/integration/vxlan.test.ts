import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type NodeApi, startNodeApi} from '../rig/node/api.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, createNetwork, newPod, type TestPod, takeDown} from '../rig/node/pod.ts';
import {rememberNodes, startRuntime, type TestRuntime} from '../rig/node/runtime.ts';
import {listenOn, talkTo} from '../rig/node/talk.ts';
import {connectByRouter, type Place, placeBehindRouter, world} from '../rig/node/world.ts';
import {until} from '../rig/wait.ts';

const [placeA, placeB] = [placeBehindRouter(1), placeBehindRouter(2)];
const factsOf = (letter: string, n: number, {ip, ip6}: Place) => ({
  name: `node-${letter}`,
  podCidrs: [`10.77.${n}.0/24`, `fd77:${n}::/64`],
  internalIps: [ip, ip6],
});
const [factsA, factsB] = [factsOf('a', 1, placeA), factsOf('b', 2, placeB)];

const join = async ({kni}: TestRuntime, name: string) => {
  const pod = newPod(name);
  const netns = await createNetwork(kni, pod);
  const {eth0} = await attach(kni, pod, netns);
  return {pod, netns, ips: eth0?.ip ?? []};
};

/** Forwarding entries, neighbours and routes through the tunnel. */
const tunnelsOf = async (node: TestNode) => {
  const json = async (args: string[]) =>
    JSON.parse((await node.run(args)) || '[]') as Record<string, string>[];
  const device = ['dev', 'kni.vxlan'];
  const fdb = await json(['bridge', '-json', 'fdb', 'show', ...device]);
  const neighbours = await json(['ip', '-json', 'neigh', 'show', ...device]);
  const four = await json(['ip', '-4', '-json', 'route', 'show', 'proto', '107']);
  const six = await json(['ip', '-6', '-json', 'route', 'show', 'proto', '107']);
  return {
    fdb: fdb.map(({mac, dst}) => `${mac} ${dst}`).sort(),
    neighbours: neighbours.map(({dst, lladdr}) => `${dst} ${lladdr}`).sort(),
    routes: [...four, ...six].map(({dst, gateway, dev}) => `${dst} ${gateway} ${dev}`),
  };
};
const macB = '0a:6b:ac:1f:02:02';
const gatewayB6 = 'fe80::86b:acff:fe1f:202';
const toB = {
  fdb: [`${macB} ${placeB.ip}`],
  neighbours: [`10.77.2.0 ${macB}`, `${gatewayB6} ${macB}`],
  routes: ['10.77.2.0/24 10.77.2.0 kni.vxlan', `fd77:2::/64 ${gatewayB6} kni.vxlan`],
};

const megabytes = 8;
/** Sends a lot and prints how much of it came back. */
const echo = (ip: string) => `
  const net = require('node:net');
  const all = ${megabytes} * 2 ** 20;
  let back = 0;
  const peer = net.connect({host: '${ip}', port: 7070, timeout: 20000})
    .on('timeout', () => process.exit(3)).on('error', () => process.exit(2))
    .on('data', (chunk) => { back += chunk.length; if (back === all) { console.log(back); process.exit(0); } });
  peer.write(Buffer.alloc(all));`;
const echoServer = `require('node:net').createServer((peer) => peer.pipe(peer)).listen(7070, () => console.log('listening'))`;

describe.each([
  ['IPv4', factsA, factsB, 50],
  ['IPv6', {...factsA, internalIps: [placeA.ip6]}, {...factsB, internalIps: [placeB.ip6]}, 70],
] as const)('two nodes without a common link, over %s', (_, nodeA, nodeB, overhead) => {
  let nodes: TestNode[];
  let runtimes: TestRuntime[];
  let pods: {pod: TestPod; netns: string; ips: readonly string[]}[];

  beforeAll(async () => {
    const [router, a, b] = [await startNode(), await startNode(), await startNode()];
    nodes = [a, b, router];
    await connectByRouter(router, [a, b]);
    runtimes = [];
    pods = [];
    for (const [index, node] of [a, b].entries()) {
      await rememberNodes(node, [nodeA, nodeB]);
      const name = [nodeA, nodeB][index]?.name ?? '';
      const runtime = await startRuntime(node, ['--backend=vxlan', `--node-name=${name}`]);
      runtimes.push(runtime);
      pods.push(await join(runtime, name));
    }
  });
  afterAll(async () => {
    for (const node of nodes) await node[Symbol.asyncDispose]();
  });
  const pair = () => {
    const [[a, b], [podA, podB]] = [nodes, pods];
    if (!a || !b || !podA || !podB) throw new Error('the nodes have not started');
    return {a, b, podA, podB};
  };

  it.each([0, 1])('have pods that reach each other by their own addresses, family %i', async (index) => {
    const {a, b, podA, podB} = pair();
    await listenOn(b, podB.netns, 8080 + index);
    expect(await talkTo(a, podA.netns, podB.ips[index] ?? '', 8080 + index)).toBe(podA.ips[index]);
  });

  it('reach the pods of the other node themselves, as one of their own pods would', async () => {
    const {a, b, podB} = pair();
    await listenOn(b, podB.netns, 8090);
    expect(await talkTo(a, undefined, podB.ips[0] ?? '', 8090)).toBe('10.77.1.0');
    expect(await talkTo(a, undefined, podB.ips[1] ?? '', 8090)).toBe('fd77:1::');
  });

  it('carry large payloads without taking packets apart', async () => {
    const {a, b, podA, podB} = pair();
    const mtu = JSON.parse(await a.inPod(podA.netns, ['ip', '-json', 'link', 'show', 'eth0'])) as unknown;
    expect(mtu).toMatchObject([{mtu: world.mtu - overhead}]);
    const server = b.start(['nsenter', `--net=${podB.netns}`, '--', process.execPath, '-e', echoServer]);
    let listening = false;
    server.stdout?.on('data', () => (listening = true));
    await until('it listens', () => listening);
    for (const ip of podB.ips) {
      const back = await a.inPod(podA.netns, [process.execPath, '-e', echo(ip)]);
      expect(Number(back)).toBe(megabytes * 2 ** 20);
    }
    for (const node of nodes) {
      const counters = await node.run(['cat', '/proc/net/snmp', '/proc/net/snmp6']);
      const created = /^Ip6FragCreates\s+(\d+)$/m.exec(counters)?.[1];
      const [names = [], values = []] = counters
        .split('\n')
        .filter((line) => line.startsWith('Ip:'))
        .map((line) => line.split(' '));
      expect([created, values[names.indexOf('FragCreates')]]).toEqual(['0', '0']);
    }
  });

  it('do not change a correct tunnel', async () => {
    const {a} = pair();
    // The kernel announces the link's address after duplicate address detection, which takes a second or two.
    await until(
      'all addresses are settled',
      async () => !(await a.run(['ip', 'address', 'show', 'tentative'])),
    );
    const monitor = a.start(['ip', 'monitor', 'link', 'address', 'route', 'neigh']);
    let changes = '';
    monitor.stdout?.on('data', (chunk) => (changes += String(chunk)));
    const [runtime] = runtimes;
    const monitorHasCaughtUp = (mtu: number) =>
      until('the monitor has caught up', async () => {
        await a.run(['ip', 'link', 'set', 'lo', 'mtu', '65536']);
        await a.run(['ip', 'link', 'set', 'lo', 'mtu', `${mtu}`]);
        return changes.includes(`mtu ${mtu}`);
      });
    await monitorHasCaughtUp(65_534);
    await runtime?.kni.setupNodeNetwork({});
    await monitorHasCaughtUp(65_535);
    expect(changes.split('\n').filter((line) => line.includes('kni.vxlan'))).toEqual([]);
  });

  it('keep their tunnels when the last pod has gone', async () => {
    const {a} = pair();
    const before = await tunnelsOf(a);
    for (const [index, {pod, netns}] of pods.entries()) {
      const runtime = runtimes[index];
      if (runtime) await takeDown(runtime.kni, pod, netns);
    }
    expect(await tunnelsOf(a)).toEqual(before);
    expect(before.routes).toHaveLength(2);
  });
});

describe('the tunnels of a node', () => {
  let node: TestNode;
  let router: TestNode;
  let api: NodeApi;
  let runtime: TestRuntime;
  const own = {name: factsA.name, podCIDRs: factsA.podCidrs, internalIps: factsA.internalIps};
  const other = {name: factsB.name, podCIDRs: factsB.podCidrs, internalIps: factsB.internalIps};

  beforeAll(async () => {
    [node, router] = [await startNode(), await startNode()];
    await connectByRouter(router, [node]);
    api = await startNodeApi(node);
    await api.server.listen(api.socket);
    await api.writeCredentials();
    api.server.setNodes([own, other]);
    runtime = await startRuntime(node, ['--backend=vxlan']);
  });
  afterAll(async () => {
    await node[Symbol.asyncDispose]();
    await router[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
  });
  const present = () => tunnelsOf(node).catch(() => undefined);
  const soon = {timeout: 60_000};

  it('lead to nodes that come', async () => {
    await expect.poll(present, soon).toEqual(toB);
  });

  it('follow the internal IP and the podCIDRs of another node', async () => {
    api.server.setNodes([own, {...other, internalIps: ['172.31.9.9']}]);
    const moved = '0a:6b:ac:1f:09:09';
    await expect.poll(present, soon).toEqual({
      fdb: [`${moved} 172.31.9.9`],
      neighbours: [`10.77.2.0 ${moved}`, `fe80::86b:acff:fe1f:909 ${moved}`],
      routes: [toB.routes[0] ?? '', 'fd77:2::/64 fe80::86b:acff:fe1f:909 kni.vxlan'],
    });
    api.server.setNodes([own, {...other, podCIDRs: ['10.77.8.0/24']}]);
    await expect.poll(present, soon).toEqual({
      fdb: toB.fdb,
      neighbours: [`10.77.8.0 ${macB}`],
      routes: ['10.77.8.0/24 10.77.8.0 kni.vxlan'],
    });
    api.server.setNodes([own, other]);
    await expect.poll(present, soon).toEqual(toB);
  });

  it('are recreated for another internal IP of the node itself', async () => {
    await node.run(['ip', 'address', 'add', '172.31.1.3/24', 'dev', 'uplink']);
    api.server.setNodes([{...own, internalIps: ['172.31.1.3']}, other]);
    const local = async () => node.run(['ip', '-details', 'link', 'show', 'kni.vxlan']).catch(() => '');
    await until('the tunnels begin at the new address', async () =>
      (await local()).includes('local 172.31.1.3'),
    );
    await expect.poll(present, soon).toEqual(toB);
    expect(await local()).toContain('0a:6b:ac:1f:01:03');
    api.server.setNodes([own, other]);
    await until('and at the old one', async () => (await local()).includes(`local ${placeA.ip} `));
    await expect.poll(present, soon).toEqual(toB);
  });

  it('leave foreign entries alone while nodes go', async () => {
    const foreign = ['02:00:00:00:00:01', '192.0.2.9'];
    await node.run(['bridge', 'fdb', 'add', foreign[0] ?? '', 'dev', 'kni.vxlan', 'dst', foreign[1] ?? '']);
    await node.run(['ip', 'neigh', 'add', '10.99.0.1', 'lladdr', foreign[0] ?? '', 'dev', 'kni.vxlan']);
    await node.run(['ip', 'route', 'add', '10.99.0.0/24', 'via', '10.99.0.1', 'dev', 'kni.vxlan', 'onlink']);
    api.server.setNodes([own]);
    await expect
      .poll(present, soon)
      .toEqual({fdb: [foreign.join(' ')], neighbours: [`10.99.0.1 ${foreign[0]}`], routes: []});
    expect(await node.run(['ip', 'route', 'show', '10.99.0.0/24'])).toContain('10.99.0.1');
    api.server.setNodes([own, other]);
    await expect.poll(present, soon).toEqual({
      fdb: [foreign.join(' '), ...toB.fdb],
      neighbours: [...toB.neighbours.slice(0, 1), `10.99.0.1 ${foreign[0]}`, ...toB.neighbours.slice(1)],
      routes: toB.routes,
    });
  });

  it('are restored after they were deleted', async () => {
    await node.run(['ip', 'link', 'del', 'kni.vxlan']);
    await runtime.kni.setupNodeNetwork({});
    expect(await tunnelsOf(node)).toEqual(toB);
  });

  it('are removed with another backend, and restored with their own', async () => {
    const restart = async (backend: string) => {
      await runtime.stop('SIGKILL');
      runtime = await startRuntime(node, [`--backend=${backend}`]);
    };
    const links = () => node.run(['ip', 'link', 'show']);
    const onLink = {...other, internalIps: ['172.31.1.9', 'fd31:1::9']};
    api.server.setNodes([own, onLink]);
    await restart('host-gw');
    const routes = async () =>
      node.run(['sh', '-c', 'ip -4 route show proto 107; ip -6 route show proto 107']);
    await until('the routes lead to the node itself', async () =>
      /10\.77\.2\.0\/24 via 172\.31\.1\.9 dev uplink[^]*fd77:2::\/64 via fd31:1::9 dev uplink/.test(
        await routes(),
      ),
    );
    await until('the tunnels are gone', async () => !(await links()).includes('kni.vxlan'));
    api.server.setNodes([own, other]);
    await restart('vxlan');
    await expect.poll(present, soon).toEqual(toB);
  });

  it('fail without kernel support, with that reason', async () => {
    const trouble = async () => {
      const [network] = (await runtime.kni.queryNodeNetworks({})).networks;
      return network?.extradata['message'];
    };
    expect(await trouble()).toBeUndefined();
    await runtime.stop('SIGKILL');
    const nowhere = [{...factsA, internalIps: ['192.0.2.1']}];
    await api.server.close();
    await rememberNodes(node, nowhere);
    runtime = await startRuntime(node, ['--backend=vxlan']);
    expect(await trouble()).toBe('no interface of the node has its internal IP address');
  });
});
