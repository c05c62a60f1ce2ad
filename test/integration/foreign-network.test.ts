/** A node whose network is configured by another program: the runtime leaves routing to it, and cleans up its own. */
import {mkdir, readdir, rm, writeFile} from 'node:fs/promises';
import {afterAll, beforeAll, describe, expect, inject, it} from 'vitest';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, bringUp, newPod, takeDown} from '../rig/node/pod.ts';
import {
  nodeName,
  paths,
  podCidr,
  rememberNodes,
  startRuntime,
  type TestRuntime,
} from '../rig/node/runtime.ts';
import {connectToWorld, world} from '../rig/node/world.ts';
import {until} from '../rig/wait.ts';

const subnetEnv = '/run/flannel/subnet.env';
const foreign = [
  '--backend=none',
  '--foreign-network=cbr0',
  `--needed-files=${subnetEnv}`,
  '--pod-subnet=10.77.0.0/16',
  '--repair-interval=1',
];
const other = {name: 'node-b', podCidrs: ['10.77.2.0/24'], internalIps: ['172.30.0.3']};
const own = {name: nodeName, podCidrs: [podCidr], internalIps: [world.nodeIp]};
const conflist = JSON.stringify({
  cniVersion: '0.3.1',
  name: 'cbr0',
  plugins: [
    {type: 'bridge', bridge: 'cni0', isGateway: true, ipam: {type: 'host-local', subnet: '10.77.1.0/24'}},
    {type: 'portmap', capabilities: {portMappings: true}},
  ],
});

describe('a node with a foreign network', () => {
  let node: TestNode;
  let runtime: TestRuntime;

  beforeAll(async () => {
    node = await startNode();
    await connectToWorld(node);
    await rememberNodes(node, [own, other]);
  });
  afterAll(() => node[Symbol.asyncDispose]());

  const restart = async (...flags: readonly string[]): Promise<void> => {
    await runtime.stop('SIGTERM');
    runtime = await startRuntime(node, flags);
  };
  const readiness = async () => {
    const [network] = (await runtime.kni.queryNodeNetworks({})).networks;
    const {reason, message} = network?.extradata ?? {};
    return {name: network?.name, ready: network?.ready, reason, message};
  };
  const shell = async (script: string): Promise<string> => (await node.run(['sh', '-ec', script])).trim();
  /** What our own backends leave on a node. */
  const ownTraces = async () => ({
    conf: (await readdir(node.path(paths.conf))).filter((name) => !name.startsWith('.')),
    routes: await shell('ip route show proto 107'),
    links: await shell("ip -o link | grep -oE 'kni0|kni.vxlan' | sort -u || true"),
    rules: await shell('iptables-save | grep KNI || true'),
  });
  const none = {conf: [], routes: '', links: '', rules: ''};

  it.each(['host-gw', 'vxlan'])(
    'keeps nothing of the backend %s, and expects the network',
    async (backend) => {
      runtime = await startRuntime(node, [`--backend=${backend}`]);
      const pod = newPod('before');
      const {netns} = await bringUp(runtime.kni, pod);
      expect(await ownTraces()).toMatchObject({
        conf: ['10-kni.conflist'],
        links: expect.stringContaining('kni0'),
      });
      await restart(...foreign);
      // The bridge stays as long as a pod is attached to it.
      expect(await ownTraces()).toEqual({...none, links: 'kni0'});
      await takeDown(runtime.kni, pod, netns);
      await until('the bridge is removed', async () => (await ownTraces()).links === '');
      expect(await shell('cat /proc/sys/net/ipv4/ip_forward')).toBe('1');
      expect(await readiness()).toEqual({
        name: 'cbr0',
        ready: false,
        reason: 'CNIConfigMissing',
        message: `${paths.conf} has no network configuration of cbr0`,
      });
      await runtime.stop('SIGTERM');
    },
  );

  it('writes no files into the directory of the other program', async () => {
    await rm(node.path(paths.conf), {recursive: true});
    await mkdir(node.path(paths.conf));
    runtime = await startRuntime(node, foreign);
    expect(await readdir(node.path(paths.conf))).toEqual([]);
  });

  it('is ready when the configuration and the needed files are there, and attaches pods', async () => {
    await writeFile(node.path(`${paths.conf}/10-flannel.conflist`), conflist);
    expect(await readiness()).toEqual({
      name: 'cbr0',
      ready: false,
      reason: 'NetworkFileMissing',
      message: `network cbr0 needs ${subnetEnv}, which does not exist`,
    });
    await shell(`mkdir -p /run/flannel && touch ${subnetEnv}`);
    expect(await readiness()).toMatchObject({name: 'cbr0', ready: true});
    const pod = newPod('foreign');
    const {netns, ip} = await bringUp(runtime.kni, pod);
    expect(ip).toMatch(/^10\.77\.1\./);
    const inspect = [process.execPath, inject('runtimeFile'), 'inspect', 'default/foreign', '--check'];
    const {unchecked} = JSON.parse(await node.run([...inspect, `--socket=${paths.socket}`])) as object & {
      unchecked: unknown;
    };
    expect(unchecked).toEqual([{interface: 'eth0', network: 'cbr0', reason: 'CNI 0.3.1 has no CHECK'}]);
    await takeDown(runtime.kni, pod, netns);
    await shell(`rm ${subnetEnv}`);
    expect(await readiness()).toMatchObject({ready: false, reason: 'NetworkFileMissing'});
  });

  it('leaves the networks annotation to Multus', async () => {
    const bin = '/run/multus-bin';
    // Takes the configuration of bridge, and has the name of Multus.
    await shell(`mkdir ${bin} && cp ${inject('tools').pluginDir}/* ${bin} && cp ${bin}/bridge ${bin}/multus`);
    await writeFile(node.path(`${paths.conf}/00-multus.conflist`), conflist.replace('"bridge"', '"multus"'));
    await shell(`touch ${subnetEnv}`);
    await restart(...foreign, `--cni-bin-dir=${bin}`);
    const pod = newPod('selecting');
    const annotations = {'k8s.v1.cni.cncf.io/networks': 'no-such-network'};
    const {netns} = await bringUp(runtime.kni, pod, {annotations});
    const {ipconfigs} = await runtime.kni.queryPodNetwork({id: pod.sandbox});
    expect(Object.keys(ipconfigs)).toEqual(['eth0']);
    await shell(`rm ${paths.conf}/00-multus.conflist`);
    await restart(...foreign, `--cni-bin-dir=${bin}`);
    // A repeated call does not conflict, although the runtime would now attach the selected network itself.
    await attach(runtime.kni, pod, netns, {annotations});
    await takeDown(runtime.kni, pod, netns);
    await restart(...foreign);
    const refused = newPod('refused');
    await expect(bringUp(runtime.kni, refused, {annotations})).rejects.toMatchObject({
      details: expect.stringContaining('no-such-network'),
    });
    await shell(`rm ${subnetEnv}`);
  });

  it('does not touch the routes of the other program', async () => {
    await shell(`ip route add 10.77.2.0/24 via ${world.ip}`);
    await runtime.kni.setupNodeNetwork({}).catch(() => undefined);
    expect(await shell('ip route show 10.77.2.0/24')).toContain(world.ip);
    await shell('ip route del 10.77.2.0/24');
  });

  it('gets its own network back', async () => {
    await rm(node.path(`${paths.conf}/10-flannel.conflist`));
    await restart('--backend=host-gw');
    expect(await readiness()).toMatchObject({name: 'kni', ready: true});
    expect(await ownTraces()).toMatchObject({
      conf: ['10-kni.conflist'],
      routes: expect.stringContaining('10.77.2.0/24'),
    });
  });
});
