import {mkdir, readdir, writeFile} from 'node:fs/promises';
import {afterAll, beforeAll, describe, expect, inject, it} from 'vitest';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {bringUp, identify, newPod, takeDown} from '../rig/node/pod.ts';
import {paths, rememberNodes, startRuntime} from '../rig/node/runtime.ts';
import {installPlugins, type Plugins} from '../rig/runtime/plugins.ts';
import {until} from '../rig/wait.ts';

const leases = `${paths.state}/ipam/mynet`;

/** The first example of the README of CNI, with a gateway and a data directory for the test. */
const example = {
  name: 'mynet',
  type: 'bridge',
  bridge: 'cni0',
  isGateway: true,
  ipam: {
    type: 'host-local',
    dataDir: `${paths.state}/ipam`,
    subnet: '10.22.0.0/16',
    routes: [{dst: '0.0.0.0/0'}],
  },
};
const {name, ...plugin} = example;
const versioned = (version: string | undefined) => (version === undefined ? {} : {cniVersion: version});

describe.each([['0.1.0'], ['0.2.0'], [undefined]])('a configuration of CNI %s', (version) => {
  let node: TestNode;
  let plugins: Plugins;
  beforeAll(async () => {
    node = await startNode();
    plugins = await installPlugins(['last']);
    await rememberNodes(node);
    await mkdir(node.path(paths.conf), {recursive: true});
  });
  afterAll(async () => {
    await node[Symbol.asyncDispose]();
    await plugins[Symbol.asyncDispose]();
  });

  it.each([
    ['a plugin', '05-mynet.conf', {...versioned(version), ...example}],
    [
      'a list',
      '04-mynet.conflist',
      {
        ...versioned(version),
        name,
        plugins: [plugin, {type: 'portmap', capabilities: {portMappings: true}}, {type: 'last'}],
      },
    ],
  ])('attaches pods by %s, and knows them after a restart', async (_, file, config) => {
    await writeFile(node.path(`${paths.conf}/${file}`), JSON.stringify(config));
    const flags = [`--cni-bin-dir=${inject('tools').pluginDir}:${plugins.binDir}`];
    const runtime = await startRuntime(node, flags);
    const pod = newPod('old');
    const {netns, ip} = await bringUp(runtime.kni, pod, {
      portMappings: [{hostPort: 18_080, containerPort: 80}],
    });
    expect(ip).toMatch(/^10\.22\.0\.\d+$/);
    expect(await node.inPod(netns, ['ip', '-4', 'address', 'show', 'eth0'])).toContain(`inet ${ip}/16`);
    expect(await readdir(node.path(leases))).toContain(ip);
    const before = await runtime.kni.queryPodNetwork(identify(pod));
    expect(before.ipconfigs['eth0']).toMatchObject({
      ip: [ip],
      extradata: {prefixes: `${ip}/16`, gateway: '10.22.0.1'},
    });

    await runtime.stop('SIGKILL');
    await using next = await startRuntime(node, flags);
    expect(next.log.filter(({level}) => level === 'error')).toEqual([]);
    expect(await next.kni.queryPodNetwork(identify(pod))).toEqual(before);
    await takeDown(next.kni, pod, netns);
    await until('the lease is released', async () => !(await readdir(node.path(leases))).includes(ip));
    expect(await node.run(['iptables', '-t', 'nat', '-S'])).not.toContain('CNI-DN-');
  });

  it('passes the previous result to the last plugin on ADD, but not on DEL', async () => {
    const calls = (await plugins.calls()).map(({call, stdin}) => {
      const {cniVersion, prevResult} = JSON.parse(stdin) as {
        cniVersion: string;
        prevResult?: {cniVersion: string; ip4: {ip: string}};
      };
      return {call, cniVersion, prevResult: prevResult && [prevResult.cniVersion, prevResult.ip4.ip]};
    });
    const cniVersion = version ?? '0.1.0';
    expect(calls).toEqual([
      {call: 'last ADD', cniVersion, prevResult: [cniVersion, expect.stringMatching(/^10\.22\.0\.\d+\/16$/)]},
      {call: 'last DEL', cniVersion, prevResult: undefined},
    ]);
  });
});
