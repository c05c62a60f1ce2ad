import {mkdir, writeFile} from 'node:fs/promises';
import {beforeAll, describe, expect, inject, it} from 'vitest';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, bringUp, createNetwork, identify, newPod, takeDown} from '../rig/node/pod.ts';
import {startUserRuntime} from '../rig/node/user-runtime.ts';
import {installPlugins} from '../rig/runtime/plugins.ts';
import {bundleTemplate} from '../rig/sdk.ts';
import {tempDir} from '../rig/temp-dir.ts';

const confDir = '/run/cni/net.d';
const leaseDir = '/run/leases';
const bridge = {
  type: 'bridge',
  bridge: 'lab0',
  isGateway: true,
  ipam: {type: 'host-local', dataDir: leaseDir, ranges: [[{subnet: '10.88.0.0/24'}]]},
};

const configure = async (node: TestNode, plugins: readonly object[]): Promise<void> => {
  await mkdir(node.path(confDir), {recursive: true});
  const list = {cniVersion: '1.0.0', name: 'lab', plugins};
  await writeFile(node.path(`${confDir}/10-lab.conflist`), JSON.stringify(list));
};

const left = (node: TestNode): Promise<string> =>
  node.run([
    'sh',
    '-c',
    `ls /run/netns; ip -o link show type veth; ls ${leaseDir}/lab | grep -v -e last -e lock; true`,
  ]);

describe('the example that runs CNI plugins', {timeout: 120_000}, () => {
  let bundle = '';
  beforeAll(async () => {
    const dir = await tempDir();
    bundle = await bundleTemplate(dir.join('project'), 'examples/cni-runtime/runtime.ts');
    return dir[Symbol.asyncDispose];
  });
  const start = (node: TestNode, ...binDirs: readonly string[]) =>
    startUserRuntime(node, bundle, {
      CNI_CONF_DIR: confDir,
      CNI_PATH: [inject('tools').pluginDir, ...binDirs].join(':'),
    });

  it('gives a pod the addresses of its plugins, also after a restart, and takes all of it back', async () => {
    await using node = await startNode();
    const before = await start(node);
    expect((await before.kni.queryNodeNetworks({})).networks).toMatchObject([
      {ready: false, extradata: {reason: 'CNIConfigMissing'}},
    ]);
    await expect(bringUp(before.kni, newPod('early'))).rejects.toMatchObject({
      code: 9,
      details: `${confDir} has no network configuration`,
    });
    await before.kni.deleteNetwork({namespace: 'default', name: 'early'});
    await configure(node, [bridge]);
    expect((await before.kni.queryNodeNetworks({})).networks).toMatchObject([{ready: true}]);
    const pod = newPod('web');
    const {netns, ip, mac} = await bringUp(before.kni, pod);
    expect(ip).toBe('10.88.0.2');
    expect(await node.inPod(netns, ['ip', 'link', 'show', 'dev', 'eth0'])).toContain(mac);
    await before.stop('SIGKILL');

    await using after = await start(node);
    expect((await after.kni.queryPodNetwork(identify(pod))).ipconfigs['eth0']?.ip).toEqual([ip]);
    await takeDown(after.kni, pod, netns);
    expect(await left(node)).toBe('');
  });

  it('undoes an ADD that fails, with the status of the error', async () => {
    await using node = await startNode();
    await using runtime = await start(node);
    await configure(node, [bridge, {type: 'missing'}]);
    const pod = newPod('refused');
    const netns = await createNetwork(runtime.kni, pod);
    await expect(attach(runtime.kni, pod, netns)).rejects.toMatchObject({
      code: 9,
      details: expect.stringContaining('CNI plugin missing'),
    });
    await configure(node, [bridge]);
    await attach(runtime.kni, pod, netns);
    await takeDown(runtime.kni, pod, netns);
    expect(await left(node)).toBe('');
  });

  it('keeps what a failed ADD has left until DEL succeeds', async () => {
    await using node = await startNode();
    await using plugins = await installPlugins(['fault']);
    await using runtime = await start(node, plugins.binDir);
    await configure(node, [bridge, {type: 'fault', rig: plugins.dir}]);
    const pod = newPod('left');
    const netns = await createNetwork(runtime.kni, pod);
    await plugins.plan({'fault ADD': 'error', 'fault DEL': 'error'});
    await expect(attach(runtime.kni, pod, netns)).rejects.toMatchObject({code: 14});
    await expect(runtime.kni.detachInterface(identify(pod))).rejects.toMatchObject({code: 14});
    await plugins.plan({});
    await takeDown(runtime.kni, pod, netns);
    expect(await left(node)).toBe('');
  });
});
