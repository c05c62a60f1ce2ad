import {rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeAll, describe, expect, it} from 'vitest';
import {type Chain} from '../rig/node/chain.ts';
import {startNodeWithChain} from '../rig/node/fixture.ts';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import {type TestNode} from '../rig/node/node.ts';
import {attach, bringUp, createNetwork, identify, newPod, type TestPod, takeDown} from '../rig/node/pod.ts';
import {paths, type TestRuntime} from '../rig/node/runtime.ts';
import {until} from '../rig/wait.ts';

const ALREADY_EXISTS = {code: 6};
const FAILED_PRECONDITION = {code: 9};

describe('plugins under repeated calls', () => {
  let node: TestNode;
  let chain: Chain;
  let runtime: TestRuntime;
  beforeAll(async () => {
    const started = await startNodeWithChain();
    ({node, chain, runtime} = started);
    return started.stop;
  });
  afterEach(async () => {
    await chain.plan({});
  });
  const callsFor = async ({sandbox}: TestPod) =>
    (await chain.calls()).filter(({env}) => env['CNI_CONTAINERID'] === sandbox);
  const commandsFor = async (pod: TestPod) => (await callsFor(pod)).map(({call}) => call);

  it('run once for ten attaches at the same time, which all get the same answer', async () => {
    const pod = newPod('wanted');
    const netns = await createNetwork(runtime.kni, pod);
    const answers = await Promise.all(Array.from({length: 10}, () => attach(runtime.kni, pod, netns)));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(await attach(runtime.kni, pod, netns)).toEqual(answers[0]);
    expect(await commandsFor(pod)).toEqual(['fault ADD']);
    await takeDown(runtime.kni, pod, netns);
  });

  it('do not run for a repetition that asks for something else, which changes nothing', async () => {
    const pod = newPod('settled');
    const {netns, ip} = await bringUp(runtime.kni, pod);
    const other = newPod('other');
    const otherNetns = await createNetwork(runtime.kni, other);
    const portMappings = [{containerPort: 80, hostPort: 18082}];
    await expect(attach(runtime.kni, pod, netns, {portMappings})).rejects.toMatchObject(ALREADY_EXISTS);
    await expect(attach(runtime.kni, pod, otherNetns)).rejects.toMatchObject(ALREADY_EXISTS);
    expect(await commandsFor(pod)).toEqual(['fault ADD']);
    const {ipconfigs} = await runtime.kni.queryPodNetwork(identify(pod));
    expect(ipconfigs['eth0']?.ip).toEqual([ip]);
    await takeDown(runtime.kni, pod, netns);
    await takeDown(runtime.kni, other, otherNetns);
  });

  it('do not run for a pod that was never attached, nor again for a detached one', async () => {
    const [created, detached, unknown] = [newPod('created'), newPod('detached'), newPod('unknown')];
    const createdNetns = await createNetwork(runtime.kni, created);
    await takeDown(runtime.kni, created, createdNetns);
    await takeDown(runtime.kni, unknown, `${paths.netns}/kni-unknown-1`);
    const {netns} = await bringUp(runtime.kni, detached);
    await runtime.kni.detachInterface(identify(detached));
    await takeDown(runtime.kni, detached, netns);
    await takeDown(runtime.kni, detached, netns);
    const commands = [await commandsFor(created), await commandsFor(unknown), await commandsFor(detached)];
    expect(commands).toEqual([[], [], ['fault ADD', 'fault DEL']]);
  });

  it('get an empty netns at DEL if it is gone, and still release the address', async () => {
    const pod = newPod('pulled-out');
    const {netns} = await bringUp(runtime.kni, pod);
    await node.run(['sh', '-c', `umount ${netns} && rm ${netns}`]);
    await runtime.kni.detachInterface(identify(pod));
    expect((await callsFor(pod)).map(({env}) => env['CNI_NETNS'])).toEqual([netns, '']);
    await takeDown(runtime.kni, pod, netns);
  });

  it('end absent when the pod is deleted while it is added', async () => {
    const pod = newPod('unwanted');
    await chain.plan({'fault ADD': 'delay(300)'});
    const netns = await createNetwork(runtime.kni, pod);
    const attached = attach(runtime.kni, pod, netns);
    await until('it is added', async () => (await callsFor(pod)).length > 0);
    await Promise.all([attached, takeDown(runtime.kni, pod, netns)]);
    expect(await commandsFor(pod)).toEqual(['fault ADD', 'fault DEL']);
  });

  it('that are missing at DEL are called once they are back, also by a sweep', async () => {
    const pod = newPod('missing');
    const {netns} = await bringUp(runtime.kni, pod);
    const plugin = join(chain.binDir, 'fault');
    await rename(plugin, `${plugin}-away`);
    await expect(runtime.kni.detachInterface(identify(pod))).rejects.toMatchObject(FAILED_PRECONDITION);
    expect((await leftovers(node)).records).toHaveLength(1);
    await rename(`${plugin}-away`, plugin);
    await until('it is undone', async () => (await leftovers(node)).leases.length === 0);
    await takeDown(runtime.kni, pod, netns);
  });

  it('that fail to roll back an ADD are retried until they succeed', async () => {
    const pod = newPod('stubborn');
    const netns = await createNetwork(runtime.kni, pod);
    await chain.plan({'fault ADD': 'error(11,busy)->ok', 'fault DEL': '3*exit->ok'});
    await expect(attach(runtime.kni, pod, netns)).rejects.toMatchObject({code: 14});
    const before = await leftovers(node);
    expect([before.records.length, before.leases.length]).toEqual([1, 1]);
    const saidOfPod = () => runtime.log.filter(({sandbox}) => sandbox === pod.sandbox).map(({msg}) => msg);
    await until('it is undone', () => saidOfPod().includes('cleaned up after an interrupted or failed call'));
    expect((await leftovers(node)).leases).toEqual([]);
    expect((await commandsFor(pod)).filter((call) => call === 'fault DEL')).toHaveLength(4);
    const said = saidOfPod();
    expect(said.filter((msg) => msg === 'rollback of a failed attach failed, will retry')).toHaveLength(1);
    expect(said.filter((msg) => msg === 'cleanup failed, will retry')).toHaveLength(2);
    await attach(runtime.kni, pod, netns);
    await takeDown(runtime.kni, pod, netns);
  });

  // From here on the node goes on with the network that the network runtime itself has written.
  it('are given at DEL the configuration of ADD, though that was changed and removed', async () => {
    const [changed, removed] = [newPod('changed'), newPod('removed')];
    const up = [await bringUp(runtime.kni, changed), await bringUp(runtime.kni, removed)];
    const conflist = node.path(`${paths.conf}/05-chain.conflist`);
    await writeFile(conflist, '{"cniVersion":"1.0.0","name":"elsewhere","plugins":[{"type":"loopback"}]}');
    await takeDown(runtime.kni, changed, up[0]?.netns ?? '');
    await rm(conflist);
    await takeDown(runtime.kni, removed, up[1]?.netns ?? '');
    for (const pod of [changed, removed]) {
      const [add, del] = await callsFor(pod);
      expect(del?.call).toBe('fault DEL');
      expect(JSON.parse(del?.stdin ?? '')).toEqual(JSON.parse(add?.stdin ?? ''));
    }
  });

  it('have left nothing behind', async () => {
    expect(await leftovers(node)).toEqual(nothing);
  });
});
