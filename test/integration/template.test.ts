import {rm} from 'node:fs/promises';
import {beforeAll, describe, expect, it} from 'vitest';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, bringUp, createNetwork, identify, newPod, takeDown} from '../rig/node/pod.ts';
import {paths} from '../rig/node/runtime.ts';
import {listenOn, talkTo} from '../rig/node/talk.ts';
import {startUserRuntime} from '../rig/node/user-runtime.ts';
import {end} from '../rig/processes.ts';
import {bundleTemplate} from '../rig/sdk.ts';
import {tempDir} from '../rig/temp-dir.ts';
import {until} from '../rig/wait.ts';

const NOT_FOUND = {code: 5};
const ALREADY_EXISTS = {code: 6};
const FAILED_PRECONDITION = {code: 9};
const RESOURCE_EXHAUSTED = {code: 8};
const INVALID_ARGUMENT = {code: 3};

/** What pods may leave on a node. */
const left = async (node: TestNode): Promise<string> =>
  await node.run([
    'sh',
    '-c',
    'ls /run/netns; ip -o link show type veth; grep /run/netns/kni- /proc/self/mountinfo; true',
  ]);

/** The gateway is an address of the node itself. */
const expectGatewayReached = async (node: TestNode, netns: string, ip: string): Promise<void> => {
  await using _ = await serverOn(node, undefined);
  expect(await talkTo(node, netns, '10.77.1.1', port)).toBe(ip);
};

const port = 7700;

const serverOn = async (node: TestNode, netns: string | undefined) => {
  const server = await listenOn(node, netns, port);
  return {[Symbol.asyncDispose]: () => end(server)};
};

describe('the template of runtime new', {timeout: 120_000}, () => {
  let bundle = '';
  beforeAll(async () => {
    const dir = await tempDir();
    bundle = await bundleTemplate(dir.join('project'));
    return dir[Symbol.asyncDispose];
  });

  it('gives pods addresses that reach each other, and takes all of it back', async () => {
    await using node = await startNode();
    await using runtime = await startUserRuntime(node, bundle);
    const {kni} = runtime;
    await kni.setupNodeNetwork({});
    expect((await kni.queryNodeNetworks({})).networks).toMatchObject([{name: 'bridge', ready: true}]);

    const [web, db] = [newPod('web'), newPod('db')];
    const first = await bringUp(kni, web);
    const second = await bringUp(kni, db);
    expect([first.ip, second.ip]).toEqual(['10.77.1.2', '10.77.1.3']);
    expect(first.netns).toMatch(new RegExp(`^/run/netns/kni-${web.uid}-[0-9a-f]{8}$`));
    {
      await using _ = await serverOn(node, second.netns);
      expect(await talkTo(node, first.netns, second.ip, port)).toBe(first.ip);
    }
    await expectGatewayReached(node, first.netns, first.ip);
    expect(await node.inPod(first.netns, ['ip', 'route', 'show', 'default'])).toContain(
      'via 10.77.1.1 dev eth0',
    );
    expect(await kni.queryPodNetwork(identify(web))).toMatchObject({
      ipconfigs: {eth0: {ip: [first.ip], mac: first.mac}},
    });

    await takeDown(kni, web, first.netns);
    await takeDown(kni, db, second.netns);
    expect(await left(node)).toBe('');
    await runtime.stop('SIGTERM');
    expect(runtime.process.exitCode).toBe(0);
  });

  it('writes the lines that the proof reads', async () => {
    await using node = await startNode();
    await using runtime = await startUserRuntime(node, bundle);
    const pod = newPod('logged');
    const {netns, ip, mac} = await bringUp(runtime.kni, pod);
    await runtime.kni.queryPodNetwork({id: pod.sandbox});
    await takeDown(runtime.kni, pod, netns);
    await until('it is in the log', () => runtime.log.some(({msg}) => msg === 'DeleteNetwork ok'));
    const lines = runtime.log.filter(({pod: of}) => of === 'default/logged');
    expect(lines).toMatchObject([
      {msg: 'CreateNetwork ok', rpc: 'CreateNetwork', uid: pod.uid, netns},
      {msg: 'AttachInterface ok', uid: pod.uid, netns, sandbox: pod.sandbox},
      {msg: 'QueryPodNetwork ok', uid: pod.uid, sandbox: pod.sandbox},
      {msg: `ipconfigs received for id: ${pod.sandbox} ip: map[eth0:ip:"${ip}" mac:"${mac}"]`, uid: pod.uid},
      {msg: 'DetachInterface ok', uid: pod.uid, sandbox: pod.sandbox},
      {msg: 'DeleteNetwork ok', uid: pod.uid},
    ]);
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)('keeps pods through a restart after %s', async (signal) => {
    await using node = await startNode();
    const [pod, created] = [newPod('kept'), newPod('created')];
    const before = await startUserRuntime(node, bundle);
    const {netns, ip} = await bringUp(before.kni, pod);
    const waiting = await createNetwork(before.kni, created);
    await before.stop(signal);

    await using after = await startUserRuntime(node, bundle);
    expect((await after.kni.queryPodNetwork(identify(pod))).ipconfigs['eth0']?.ip).toEqual([ip]);
    await expectGatewayReached(node, netns, ip);
    expect(await createNetwork(after.kni, created)).toBe(waiting);
    expect((await attach(after.kni, created, waiting))['eth0']?.ip).toEqual(['10.77.1.3']);
    await after.kni.deleteNetwork({id: pod.sandbox});
    await after.kni.deleteNetwork({namespace: created.namespace, name: created.name});
    expect(await left(node)).toBe('');
  });

  it('removes what a reboot has left of its records', async () => {
    await using node = await startNode();
    const before = await startUserRuntime(node, bundle);
    const pod = newPod('gone');
    const {netns} = await bringUp(before.kni, pod);
    await before.stop('SIGKILL');
    await node.run(['sh', '-c', `umount --lazy ${netns} && rm ${netns}`]);
    await until('the kernel has removed the interfaces', async () => (await left(node)) === '');
    await using after = await startUserRuntime(node, bundle);
    await expect(after.kni.queryPodNetwork(identify(pod))).rejects.toMatchObject(NOT_FOUND);
    await after.kni.detachInterface(identify(pod));
    await takeDown(after.kni, pod, netns);
    expect((await bringUp(after.kni, newPod('next'))).ip).toBe('10.77.1.2');
  });

  it('completes an attachment that a crash has interrupted', async () => {
    await using node = await startNode();
    const pod = newPod('cut');
    const before = await startUserRuntime(node, bundle);
    const netns = await createNetwork(before.kni, pod);
    const cut = attach(before.kni, pod, netns).catch((error: unknown) => error);
    // The veth pair exists before the record names it.
    await until('the pair exists', async () => (await left(node)).includes('veth'));
    await before.stop('SIGKILL');
    await cut;
    await using after = await startUserRuntime(node, bundle);
    const ipconfigs = await attach(after.kni, pod, netns);
    expect(ipconfigs['eth0']?.ip).toEqual(['10.77.1.2']);
    await expectGatewayReached(node, netns, '10.77.1.2');
    await takeDown(after.kni, pod, netns);
    expect(await left(node)).toBe('');
  });

  it('undoes an attachment that fails, and says why', async () => {
    await using node = await startNode();
    await using runtime = await startUserRuntime(node, bundle);
    const {kni} = runtime;
    const pod = newPod('refused');
    const netns = await createNetwork(kni, pod);
    await node.run(['ip', 'link', 'delete', 'kni0']);
    await expect(attach(kni, pod, netns)).rejects.toMatchObject({details: expect.stringContaining('kni0')});
    expect(await node.run(['ip', '-o', 'link', 'show', 'type', 'veth'])).toBe('');
    await expect(kni.queryPodNetwork(identify(pod))).rejects.toMatchObject(FAILED_PRECONDITION);
    await kni.setupNodeNetwork({});
    expect((await attach(kni, pod, netns))['eth0']?.ip).toEqual(['10.77.1.3']);
  });

  it('answers repeated, late and wrong calls as a kubelet expects', async () => {
    await using node = await startNode();
    await using runtime = await startUserRuntime(node, bundle);
    const {kni} = runtime;
    const pod = newPod('asked');
    await expect(kni.queryPodNetwork(identify(pod))).rejects.toMatchObject(NOT_FOUND);
    await kni.detachInterface(identify(pod));
    await kni.deleteNetwork(identify(pod));
    await expect(attach(kni, pod, '/run/netns/kni-none')).rejects.toMatchObject(NOT_FOUND);
    const netns = await createNetwork(kni, pod);
    expect(await createNetwork(kni, pod)).toBe(netns);
    const [one, two] = await Promise.all([attach(kni, pod, netns), attach(kni, pod, netns)]);
    expect(two).toEqual(one);
    const other = {...pod, sandbox: 'other'};
    await expect(attach(kni, other, netns)).rejects.toMatchObject(ALREADY_EXISTS);
    await kni.detachInterface(identify(pod));
    await expect(kni.queryPodNetwork(identify(pod))).rejects.toMatchObject(FAILED_PRECONDITION);
    await expect(attach(kni, pod, netns)).rejects.toMatchObject(FAILED_PRECONDITION);
    expect(await createNetwork(kni, pod)).not.toBe(netns);
    await expect(kni.createNetwork({namespace: '../x', name: 'y'})).rejects.toMatchObject(INVALID_ARGUMENT);
    await expect(kni.deleteNetwork({netnsPath: '../x'})).rejects.toMatchObject(INVALID_ARGUMENT);
  });

  it('refuses pods when its addresses are used up, and is not ready then', async () => {
    await using node = await startNode();
    await using runtime = await startUserRuntime(node, bundle, {KNI_POD_CIDRS: '10.77.1.0/30'});
    const {kni} = runtime;
    const [fits, waits] = [newPod('fits'), newPod('waits')];
    const {netns} = await bringUp(kni, fits);
    await expect(bringUp(kni, waits)).rejects.toMatchObject(RESOURCE_EXHAUSTED);
    expect((await kni.queryNodeNetworks({})).networks).toMatchObject([
      {ready: false, extradata: {reason: 'AddressPoolExhausted', running_pods: 'unaffected'}},
    ]);
    await takeDown(kni, fits, netns);
    expect((await bringUp(kni, waits)).ip).toBe('10.77.1.2');
  });

  it('keeps no address of attaches that it refuses because its disk is full', async () => {
    await using node = await startNode();
    await node.run([
      'sh',
      '-c',
      `mkdir -p ${paths.state} && mount -t tmpfs -o size=64k tmpfs ${paths.state}`,
    ]);
    await using runtime = await startUserRuntime(node, bundle, {KNI_POD_CIDRS: '10.77.1.0/30'});
    const {kni} = runtime;
    const pod = newPod('late');
    const netns = await createNetwork(kni, pod);
    await node.run(['sh', '-c', `cat /dev/zero > ${paths.state}/ballast 2>/dev/null || true`]);
    const fill = async () => {
      for (;;) await createNetwork(kni, newPod('other'));
    };
    await expect(fill()).rejects.toMatchObject(RESOURCE_EXHAUSTED); // the last block had room
    await expect(attach(kni, pod, netns)).rejects.toMatchObject(RESOURCE_EXHAUSTED);
    await rm(node.path(`${paths.state}/ballast`));
    expect(await attach(kni, pod, netns)).toMatchObject({eth0: {ip: ['10.77.1.2']}});
    await takeDown(kni, pod, netns);
  });

  it('gives pods an address of each family', async () => {
    await using node = await startNode();
    const KNI_POD_CIDRS = '10.77.1.0/24,fd77:1::/64';
    await using runtime = await startUserRuntime(node, bundle, {KNI_POD_CIDRS});
    const [web, db] = [newPod('web'), newPod('db')];
    const {netns} = await bringUp(runtime.kni, web);
    const {netns: other} = await bringUp(runtime.kni, db);
    const {ipconfigs} = await runtime.kni.queryPodNetwork(identify(db));
    expect(ipconfigs['eth0']?.ip).toEqual(['10.77.1.3', 'fd77:1::3']);
    await using _ = await serverOn(node, other);
    expect(await talkTo(node, netns, 'fd77:1::3', port)).toBe('fd77:1::2');
    expect(await talkTo(node, undefined, 'fd77:1::3', port)).toBe('fd77:1::1');
    expect(await node.inPod(netns, ['ip', '-6', 'route', 'show', 'default'])).toContain(
      'via fd77:1::1 dev eth0',
    );
  });
});
