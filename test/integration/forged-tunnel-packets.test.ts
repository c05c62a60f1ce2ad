import {mkdir, writeFile} from 'node:fs/promises';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {familyOf} from '../../runtime/src/node/ip-address.ts';
import {listenForForged, type Sending, sendForged} from '../rig/node/forge.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, createNetwork, newPod} from '../rig/node/pod.ts';
import {paths, rememberNodes, startRuntime, type TestRuntime} from '../rig/node/runtime.ts';
import {listenOn, talkTo} from '../rig/node/talk.ts';
import {connectByRouter, placeBehindRouter} from '../rig/node/world.ts';
import {until} from '../rig/wait.ts';

const places = [placeBehindRouter(1), placeBehindRouter(2)] as const;
const nodeOf = (name: string, n: 1 | 2, internalIps: readonly string[]) => ({
  name,
  podCidrs: [`10.77.${n}.0/24`, `fd77:${n}::/64`],
  internalIps,
});

/** A network that pods of node A can have besides their own, and that also goes out as the node. */
const furtherNetwork = {
  cniVersion: '1.0.0',
  name: 'further',
  plugins: [
    {
      type: 'bridge',
      bridge: 'br-further',
      isGateway: true,
      ipMasq: true,
      ipam: {
        type: 'host-local',
        dataDir: `${paths.state}/ipam`,
        ranges: [[{subnet: '10.88.1.0/24'}], [{subnet: 'fd88:1::/64'}]],
        routes: [{dst: '172.31.0.0/16'}, {dst: 'fd31::/16'}],
      },
    },
  ],
};

interface Joined {
  readonly netns: string;
  readonly ips: readonly string[];
}

const join = async ({kni}: TestRuntime, name: string, networks = ''): Promise<Joined> => {
  const pod = newPod(name);
  const netns = await createNetwork(kni, pod);
  const annotations: Record<string, string> = networks ? {'k8s.v1.cni.cncf.io/networks': networks} : {};
  const {eth0} = await attach(kni, pod, netns, {annotations});
  return {netns, ips: eth0?.ip ?? []};
};

describe.each([
  ['IPv4', [places[0].ip], [places[1].ip], '172.31.2.1'],
  ['IPv6', [places[0].ip6], [places[1].ip6], 'fd31:2::1'],
] as const)('forged packets for tunnels over %s', (family, ipsA, ipsB, routerIp) => {
  const nodeA = nodeOf('node-a', 1, ipsA);
  const nodeB = nodeOf('node-b', 2, ipsB);
  const [endA, endB] = [ipsA[0], ipsB[0]];
  const six = family === 'IPv6';
  const iptables = six ? 'ip6tables' : 'iptables';
  let a: TestNode;
  let b: TestNode;
  let router: TestNode;
  let runtimeA: TestRuntime;
  let attacker: Joined;
  let victimA: Joined;
  let victimB: Joined;
  let arrivedA: () => readonly string[];
  let arrivedB: () => readonly string[];

  beforeAll(async () => {
    [router, a, b] = [await startNode(), await startNode(), await startNode()];
    await connectByRouter(router, [a, b]);
    for (const node of [a, b]) {
      await rememberNodes(node, [nodeA, nodeB]);
      await node.run(['sh', '-c', 'echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad']);
    }
    await mkdir(a.path(paths.conf), {recursive: true});
    await writeFile(a.path(`${paths.conf}/50-further.conflist`), JSON.stringify(furtherNetwork));
    runtimeA = await startRuntime(a, ['--backend=vxlan', '--node-name=node-a']);
    const runtimeB = await startRuntime(b, ['--backend=vxlan', '--node-name=node-b']);
    attacker = await join(runtimeA, 'attacker');
    victimA = await join(runtimeA, 'victim-a');
    victimB = await join(runtimeB, 'victim-b');
    arrivedA = await listenForForged(a, victimA.netns);
    arrivedB = await listenForForged(b, victimB.netns);
  });
  afterAll(async () => {
    for (const node of [a, b, router]) await node[Symbol.asyncDispose]();
  });

  const toB = (text: string, sending: Omit<Sending, 'ip'> & {readonly ip?: string}, size?: number) =>
    sendForged(
      {end: endB, from: '10.77.1.99', to: victimB.ips[0] ?? '', text, ...(size && {size})},
      {ip: endB, ...sending},
    );
  const toA = (text: string, sending: Omit<Sending, 'ip'> & {readonly ip?: string}) =>
    sendForged({end: endA, from: '10.77.2.99', to: victimA.ips[0] ?? '', text}, {ip: endA, ...sending});
  /** The forged packets that arrive. The probes of nodes themselves come through, and overtake none that was sent before. */
  let probes = 0;
  const arriving = async (send: () => Promise<void>) => {
    const [beforeA, beforeB] = [arrivedA().length, arrivedB().length];
    await send();
    const probe = `probe-${probes++}`;
    await toB(probe, {node: a, netns: undefined});
    await toA(probe, {node: b, netns: undefined});
    const isProbe = (line: string) => line.startsWith(`${probe} from 10.77.`);
    await until('the probes arrive', () => arrivedA().some(isProbe) && arrivedB().some(isProbe));
    const arrived = [...arrivedA().slice(beforeA), ...arrivedB().slice(beforeB)];
    return arrived.filter((line) => !isProbe(line));
  };

  it('do not reach the own node from a pod, whichever of its addresses they are sent to', async () => {
    const bridge = six ? 'fd77:1::1' : '10.77.1.1';
    const arrived = await arriving(async () => {
      await toA('own', {node: a, netns: attacker.netns});
      await toA('bridge', {node: a, netns: attacker.netns, ip: bridge});
    });
    expect(arrived).toEqual([]);
  });

  it('do not reach another node from a pod, whichever of its addresses they are sent to', async () => {
    const {netns} = attacker;
    // An address that the API server does not show, as a load balancer may give one to a node.
    const further = six ? 'fd31:2::77' : '172.31.2.77';
    const asSecond = six ? ['/64', 'nodad', 'preferred_lft', '0'] : ['/24'];
    await b.run(['ip', 'address', 'add', `${further}${asSecond[0]}`, 'dev', 'uplink', ...asSecond.slice(1)]);
    const arrived = await arriving(async () => {
      await toB('other', {node: a, netns});
      await toB('fragments', {node: a, netns}, 3000);
      await toB('bridge', {node: a, netns, ip: six ? 'fd77:2::1' : '10.77.2.1'});
      await toB('further', {node: a, netns, ip: further});
    });
    expect(arrived).toEqual([]);
  });

  it('do not reach a node behind a service that changes the port', async () => {
    const service = six ? 'fd96::10' : '10.96.0.10';
    const rule = ['-d', service, '-p', 'udp', '--dport', '53', '-j', 'DNAT', '--to-destination'];
    const inBrackets = (ip: string) => (familyOf(ip) === 6 ? `[${ip}]` : ip);
    for (const [name, end] of [
      ['own', endA],
      ['other', endB],
    ] as const) {
      await a.run([iptables, '-t', 'nat', '-I', 'PREROUTING', ...rule, `${inBrackets(end)}:8472`]);
      const send = name === 'own' ? toA : toB;
      expect(
        await arriving(() => send('service', {node: a, netns: attacker.netns, ip: service, port: 53})),
      ).toEqual([]);
      await a.run([iptables, '-t', 'nat', '-D', 'PREROUTING', ...rule, `${inBrackets(end)}:8472`]);
    }
  });

  it('do not reach another node through a host port that leads to the tunnel', async () => {
    const port = 30_053;
    const rule = ['-p', 'udp', '--dport', String(port), '-j', 'DNAT', '--to-destination'];
    const destination = `${familyOf(endB) === 6 ? `[${endB}]` : endB}:8472`;
    await b.run([iptables, '-t', 'nat', '-I', 'PREROUTING', ...rule, destination]);
    const arrived = await arriving(() => toB('nodeport', {node: a, netns: attacker.netns, port}));
    await b.run([iptables, '-t', 'nat', '-D', 'PREROUTING', ...rule, destination]);
    expect(arrived).toEqual([]);
  });

  it('do not reach a node though another rule accepts what is forwarded', async () => {
    for (const chain of ['INPUT', 'FORWARD']) await a.run([iptables, '-I', chain, '-j', 'ACCEPT']);
    const arrived = await arriving(async () => {
      await toA('own', {node: a, netns: attacker.netns});
      await toB('other', {node: a, netns: attacker.netns});
    });
    expect(arrived).toEqual([]);
  });

  it('do not reach a node over a further network of the pod', async () => {
    const {netns} = await join(runtimeA, 'further', 'further');
    const port = 6060;
    await listenOn(b, undefined, port);
    expect(await talkTo(a, netns, endB, port)).toBe(endA); // the further network does go out as the node
    const arrived = await arriving(async () => {
      await toA('own', {node: a, netns});
      await toB('other', {node: a, netns});
    });
    expect(arrived).toEqual([]);
  });

  it('do not reach a node from a host that is not a node', async () => {
    const arrived = await arriving(async () => {
      await toB('third', {node: router, netns: undefined});
      await toA('third', {node: router, netns: undefined});
    });
    expect(arrived).toEqual([]);
    expect(await router.run(['ip', 'address'])).toContain(routerIp);
  });

  it('do not keep pods from talking to each other, also on the port of the tunnels', async () => {
    for (const ip of victimB.ips) {
      const port = 8080 + familyOf(ip);
      await listenOn(b, victimB.netns, port);
      expect(await talkTo(a, attacker.netns, ip, port)).toMatch(/^(?:10\.77\.1|fd77:1:)/);
    }
    const between = `
      const socket = require('node:dgram').createSocket('udp4');
      socket.on('message', () => process.exit(0)).bind(8472, () => console.log('listening'));`;
    const child = b.start(['nsenter', `--net=${victimB.netns}`, '--', process.execPath, '-e', between]);
    let listening = false;
    child.stdout?.on('data', () => (listening = true));
    await until('it listens', () => listening);
    await toB('pod', {node: a, netns: attacker.netns, ip: victimB.ips[0] ?? ''});
    await until('the packet arrives', () => child.exitCode === 0);
  });

  it('are kept out again after the rules were flushed', async () => {
    const rules = async () =>
      (await a.run([iptables, '-t', 'mangle', '-S']))
        .split('\n')
        .filter((rule) => rule.includes('KNI-VXLAN'));
    const before = await rules();
    await a.run([iptables, '-t', 'mangle', '-F']);
    await runtimeA.kni.setupNodeNetwork({});
    await runtimeA.kni.setupNodeNetwork({});
    expect((await rules()).sort()).toEqual(before.sort());
    expect(await arriving(() => toA('own', {node: a, netns: attacker.netns}))).toEqual([]);
  });

  it('are the concern of this backend only: another one removes the rules', async () => {
    const all = () => a.run(['sh', '-c', 'iptables -t mangle -S; ip6tables -t mangle -S']);
    expect(await all()).toContain('KNI-VXLAN');
    await runtimeA.stop('SIGKILL');
    runtimeA = await startRuntime(a, ['--backend=host-gw', '--node-name=node-a']);
    expect(await all()).not.toContain('KNI-VXLAN');
    expect(await a.run(['ip', 'link', 'show'])).not.toContain('kni.vxlan');
  });
});
