import {mkdir, rename, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeAll, describe, expect, inject, it} from 'vitest';
import {type Chain} from '../rig/node/chain.ts';
import {startNodeWithChain} from '../rig/node/fixture.ts';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, bringUp, createNetwork, identify, newPod, takeDown} from '../rig/node/pod.ts';
import {paths, startRuntime, type TestRuntime} from '../rig/node/runtime.ts';
import {isAlive} from '../rig/processes.ts';
import {type Call, installPlugins} from '../rig/runtime/plugins.ts';
import {until} from '../rig/wait.ts';

describe('plugins that fail', () => {
  let node: TestNode;
  let chain: Chain;
  let runtime: TestRuntime;
  beforeAll(async () => {
    const started = await startNodeWithChain(['--plugin-timeout=5']);
    ({node, chain, runtime} = started);
    return started.stop;
  });
  afterEach(async () => {
    await chain.plan({});
  });

  it('are rolled back with only the netns left, and the next attach succeeds', async () => {
    const pod = newPod('unlucky');
    const netns = await createNetwork(runtime.kni, pod);
    await chain.plan({'fault ADD': 'error'});
    await expect(attach(runtime.kni, pod, netns)).rejects.toMatchObject({
      code: 14,
      details: 'CNI plugin fault failed to ADD: no address left: in the range (code 11)',
    });
    const left = await leftovers(node);
    expect(left).toEqual({...nothing, netns: left.netns, records: left.records});
    await expect(runtime.kni.queryPodNetwork(identify(pod))).rejects.toMatchObject({code: 9});
    await chain.plan({});
    const ipconfigs = await attach(runtime.kni, pod, netns);
    expect(ipconfigs['eth0']?.ip).toHaveLength(1);
    await takeDown(runtime.kni, pod, netns);
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('are rolled back if they print a result that the other plugins could not read at DEL', async () => {
    const pod = newPod('unreadable');
    const netns = await createNetwork(runtime.kni, pod);
    await chain.plan({'fault ADD': 'print({"ips":[{"address":"10.77.1.2"}]})'});
    await expect(attach(runtime.kni, pod, netns)).rejects.toMatchObject({
      details: 'CNI plugin fault printed a result with an invalid "address" in "ips"',
    });
    await takeDown(runtime.kni, pod, netns);
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('are called for DEL with the arguments and the result of ADD', async () => {
    const pod = newPod('remembered');
    const portMappings = [{containerPort: 80, hostPort: 18081}];
    const {netns} = await bringUp(runtime.kni, pod, {portMappings});
    await takeDown(runtime.kni, pod, netns);
    const calls = (await chain.calls()).filter(({env}) => env['CNI_CONTAINERID'] === pod.sandbox);
    const [add, del] = calls;
    expect(calls.map(({call}) => call)).toEqual(['fault ADD', 'fault DEL']);
    expect(add?.env).toMatchObject({
      CNI_IFNAME: 'eth0',
      CNI_NETNS: netns,
      CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=remembered;K8S_POD_INFRA_CONTAINER_ID=${pod.sandbox};K8S_POD_UID=${pod.uid}`,
    });
    expect(del?.env).toEqual({...add?.env, CNI_COMMAND: 'DEL'});
    expect(JSON.parse(del?.stdin ?? '')).toEqual(JSON.parse(add?.stdin ?? ''));
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('are killed with all their children when they hang, and rolled back', async () => {
    const pod = newPod('hanging');
    const netns = await createNetwork(runtime.kni, pod);
    await chain.plan({'fault ADD': 'fork-hang'});
    await expect(attach(runtime.kni, pod, netns)).rejects.toMatchObject({code: 4});
    const [grandchild = 0, ...others] = await chain.grandchildren();
    expect(others).toEqual([]);
    await until('the grandchild is gone', () => !isAlive(grandchild));
    expect(await leftovers(node)).toMatchObject({leases: [], veths: []});
    await chain.plan({});
    await takeDown(runtime.kni, pod, netns);
  });

  it('do not hold up other pods', async () => {
    const [slow, quick] = [newPod('slow'), newPod('quick')];
    await chain.plan({'fault ADD': 'hold'});
    const netns = await createNetwork(runtime.kni, slow);
    const held = attach(runtime.kni, slow, netns);
    const isHeld = ({env}: Call) => env['CNI_CONTAINERID'] === slow.sandbox;
    await until('it is held', async () => (await chain.calls()).some(isHeld));
    await chain.plan({});
    const up = await bringUp(runtime.kni, quick);
    await expect(runtime.kni.queryPodNetwork(identify(slow))).rejects.toMatchObject({code: 9});
    await chain.release();
    expect((await held)['eth0']?.ip[0]).not.toBe(up.ip);
    await Promise.all([takeDown(runtime.kni, slow, netns), takeDown(runtime.kni, quick, up.netns)]);
  });

  it('at DEL fail the call, which is retried by the caller or by a sweep', async () => {
    const pod = newPod('sticky');
    const {netns} = await bringUp(runtime.kni, pod);
    await chain.plan({'fault DEL': 'exit'});
    await expect(runtime.kni.detachInterface(identify(pod))).rejects.toMatchObject({
      code: 2,
      details: expect.stringContaining('something went wrong') as string,
    });
    await expect(runtime.kni.queryPodNetwork(identify(pod))).rejects.toMatchObject({code: 9});
    await expect(runtime.kni.deleteNetwork({...identify(pod), netnsPath: netns})).rejects.toMatchObject({
      code: 2,
    });
    expect((await leftovers(node)).netns).toHaveLength(1);
    await chain.plan({});
    await until('the sweep has undone it', async () => (await leftovers(node)).leases.length === 0);
    await takeDown(runtime.kni, pod, netns);
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('that are missing make the node not ready, and DEL fails', async () => {
    const pod = newPod('orphaned');
    const {netns} = await bringUp(runtime.kni, pod);
    const plugin = join(chain.binDir, 'fault');
    await rename(plugin, `${plugin}-away`);
    const {networks} = await runtime.kni.queryNodeNetworks({});
    expect(networks[0]).toMatchObject({ready: false, extradata: {reason: 'CNIPluginMissing'}});
    await expect(runtime.kni.detachInterface(identify(pod))).rejects.toMatchObject({code: 9});
    await rename(`${plugin}-away`, plugin);
    await takeDown(runtime.kni, pod, netns);
    expect(await leftovers(node)).toEqual(nothing);
  });
});

describe('plugins that are not ready', () => {
  it('make the node not ready, by an error of STATUS or by its timeout', async () => {
    await using node = await startNode();
    await using plugins = await installPlugins(['agent']);
    await mkdir(node.path(paths.conf), {recursive: true});
    const list = {cniVersion: '1.1.0', name: 'asked', plugins: [{type: 'agent', rig: plugins.dir}]};
    await writeFile(node.path(`${paths.conf}/05-asked.conflist`), JSON.stringify(list));
    await plugins.plan({'agent STATUS': 'error(51,no route,to the agent)->hold'});
    await using runtime = await startRuntime(node, [
      `--cni-bin-dir=${inject('tools').pluginDir}:${plugins.binDir}`,
    ]);
    const readiness = async () => (await runtime.kni.queryNodeNetworks({})).networks[0];
    expect(await readiness()).toMatchObject({
      name: 'asked',
      ready: false,
      extradata: {reason: 'CNIPluginLimited', message: expect.stringContaining('no route: to the agent')},
    });
    await until(
      'it is asked again',
      async () => (await readiness())?.extradata['reason'] === 'CNIPluginNotReady',
    );
    expect((await readiness())?.extradata['message']).toContain('did not answer STATUS');
    await plugins.release();
    await until('the node is ready', async () => (await readiness())?.ready === true);
  });
});
