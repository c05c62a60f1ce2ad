import {mkdir, writeFile} from 'node:fs/promises';
import {afterEach, beforeEach, describe, expect, inject, it} from 'vitest';
import {type Chain, installChain} from '../rig/node/chain.ts';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, bringUp, createNetwork, identify, newPod, takeDown} from '../rig/node/pod.ts';
import {paths, rememberNodes, startRuntime, type TestRuntime} from '../rig/node/runtime.ts';
import {isAlive} from '../rig/processes.ts';
import {until} from '../rig/wait.ts';

describe('a network runtime that is killed', () => {
  let node: TestNode;
  let chain: Chain;
  let runtime: TestRuntime;
  const start = async () => {
    runtime = await startRuntime(node, chain.flags(inject('tools').pluginDir));
  };
  const killAndRestart = async () => {
    await runtime.stop('SIGKILL');
    await start();
  };
  const calls = async (call: string) => (await chain.calls()).filter((each) => each.call === call).length;
  const swept = () =>
    until('what was left is undone', async () => (await leftovers(node)).leases.length === 0);

  beforeEach(async () => {
    node = await startNode();
    await rememberNodes(node);
    chain = await installChain(node);
    await start();
  });
  afterEach(async () => {
    await node[Symbol.asyncDispose]();
    await chain[Symbol.asyncDispose]();
  });

  it('comes back knowing every pod and its address, and assigns no address twice', async () => {
    const pods = [newPod('one'), newPod('two'), newPod('three')];
    const before = await Promise.all(pods.map((pod) => bringUp(runtime.kni, pod)));
    await killAndRestart();
    const after = await Promise.all(pods.map((pod) => runtime.kni.queryPodNetwork(identify(pod))));
    expect(after.map(({ipconfigs}) => ipconfigs['eth0']?.ip[0])).toEqual(before.map(({ip}) => ip));
    const late = newPod('late');
    const {netns, ip} = await bringUp(runtime.kni, late);
    expect(before.map((up) => up.ip)).not.toContain(ip);
    await takeDown(runtime.kni, late, netns);
    await Promise.all(pods.map((pod, index) => takeDown(runtime.kni, pod, before[index]?.netns ?? '')));
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('after Create still has the netns for the repeated call', async () => {
    const pod = newPod('created');
    const netns = await createNetwork(runtime.kni, pod);
    await killAndRestart();
    expect(await createNetwork(runtime.kni, pod)).toBe(netns);
    await attach(runtime.kni, pod, netns);
    await takeDown(runtime.kni, pod, netns);
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('in the middle of ADD undoes it, after ending the plugin that it left running', async () => {
    const pod = newPod('adding');
    const netns = await createNetwork(runtime.kni, pod);
    await chain.plan({'fault ADD': 'fork-hang'});
    const lost = attach(runtime.kni, pod, netns).catch(() => 'lost');
    await until('the plugin has forked', async () => (await chain.grandchildren()).length > 0);
    expect((await leftovers(node)).leases).toHaveLength(1);
    await killAndRestart();
    await expect(lost).resolves.toBe('lost');
    for (const pid of await chain.grandchildren()) expect(isAlive(pid)).toBe(false);
    await swept();
    expect(await calls('fault DEL')).toBe(1);
    expect((await leftovers(node)).veths).toEqual([]);
    await expect(runtime.kni.queryPodNetwork(identify(pod))).rejects.toMatchObject({code: 9});
    await chain.plan({});
    await attach(runtime.kni, pod, netns);
    await takeDown(runtime.kni, pod, netns);
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('in the middle of DEL finishes it, and never answers with the address again', async () => {
    const pod = newPod('deleting');
    const {netns} = await bringUp(runtime.kni, pod);
    await chain.plan({'fault DEL': 'hang'});
    const lost = runtime.kni.detachInterface(identify(pod)).catch(() => 'lost');
    await until('the plugin hangs', async () => (await calls('fault DEL')) > 0);
    await chain.plan({});
    await killAndRestart();
    await expect(lost).resolves.toBe('lost');
    await expect(runtime.kni.queryPodNetwork(identify(pod))).rejects.toMatchObject({code: 9});
    await swept();
    await takeDown(runtime.kni, pod, netns);
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('at any moment leaves nothing that the next runtime does not clean up', async () => {
    const pods = Array.from({length: 6}, (_, index) => newPod(`churn-${index}`));
    for (let round = 0; round < 8; round++) {
      const churning = Promise.allSettled(
        pods.map(async (pod, index) => {
          const {netns} = await bringUp(runtime.kni, pod);
          if (index % 2 === 0) await takeDown(runtime.kni, pod, netns);
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 400));
      await killAndRestart();
      await churning;
      // As a kubelet does with pods in an unknown state.
      for (const pod of pods) {
        await runtime.kni.deleteNetwork(identify(pod));
        await runtime.kni.deleteNetwork({extradata: {uid: pod.uid}});
      }
      await expect.poll(() => leftovers(node), {timeout: 60_000}).toEqual(nothing); // some is cleared away unasked
    }
  });

  it('and its node restarted: cleans up earlier networks, and starts over', async () => {
    const pods = [newPod('web'), newPod('db')];
    const portMappings = [{containerPort: 80, hostPort: 18080}];
    await bringUp(runtime.kni, pods[0] ?? newPod(''), {portMappings});
    await bringUp(runtime.kni, pods[1] ?? newPod(''));
    const waiting = newPod('waiting');
    await createNetwork(runtime.kni, waiting);
    await runtime.stop('SIGKILL');
    // /run is a tmpfs on a node; /var is not.
    await node.run([
      'sh',
      '-c',
      `umount -l ${paths.netns}/* && rm ${paths.netns}/* && umount -l ${paths.netns} && rm -r /run/kni`,
    ]);
    await start();
    for (const pod of pods) await expect(runtime.kni.queryPodNetwork(identify(pod))).rejects.toBeDefined();
    await until(
      'all is undone',
      async () => JSON.stringify(await leftovers(node)) === JSON.stringify(nothing),
    );
    const dels = (await chain.calls()).filter(({call}) => call === 'fault DEL');
    expect(dels.map(({env}) => env['CNI_NETNS'])).toEqual(['', '']);
    for (const pod of [...pods, waiting]) {
      await runtime.kni.deleteNetwork(identify(pod));
      const {netns} = await bringUp(runtime.kni, pod);
      await takeDown(runtime.kni, pod, netns);
    }
  });

  it('removes a netns without record and an address without owner, but nothing that is not its own', async () => {
    await runtime.stop('SIGKILL');
    const make = (name: string) =>
      `touch ${paths.netns}/${name} && unshare --net=${paths.netns}/${name} true`;
    await node.run([
      'sh',
      '-c',
      [
        make('kni-left-1'),
        make('foreign'),
        `touch ${paths.netns}/kni-half-made`,
        `mkdir ${paths.netns}/kni-dir`,
      ].join(' && '),
    ]);
    await mkdir(node.path(paths.leases), {recursive: true});
    await writeFile(node.path(`${paths.leases}/10.77.1.77`), 'nobody\r\neth0');
    await writeFile(node.path(`${paths.leases}/10.77.1.78`), ''); // host-local was killed at the wrong moment
    await start();
    await until('the netns without an owner is gone', async () => (await leftovers(node)).netns.length === 2);
    await swept();
    expect(await leftovers(node)).toEqual({...nothing, netns: ['foreign', 'kni-dir']});
  });
});
