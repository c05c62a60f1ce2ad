import {readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {leftovers, nothing} from './rig/leftovers.ts';
import {startNode, type TestNode} from './rig/node.ts';
import {attach, bringUp, createNetwork, identify, newPod, takeDown} from './rig/pod.ts';
import {paths, rememberNodes, startRuntime} from './rig/runtime.ts';

const RESOURCE_EXHAUSTED = {code: 8};

describe('the state on disk', () => {
  let node: TestNode;
  beforeEach(async () => {
    node = await startNode();
  });
  afterEach(async () => {
    await node[Symbol.asyncDispose]();
  });
  const recordFiles = async () =>
    (await readdir(node.path(paths.records))).filter((name) => name.endsWith('.json'));

  it('may be full: nothing new is begun, everything is undone, and there is no harm once there is space', async () => {
    await node.run([
      'sh',
      '-c',
      `mkdir -p ${paths.state} && mount -t tmpfs -o size=256k tmpfs ${paths.state}`,
    ]);
    await rememberNodes(node);
    await using runtime = await startRuntime(node);
    const [attached, created, late] = [newPod('attached'), newPod('created'), newPod('late')];
    const up = await bringUp(runtime.kni, attached);
    const netns = await createNetwork(runtime.kni, created);
    await node.run(['sh', '-c', `cat /dev/zero > ${paths.state}/ballast 2>/dev/null || true`]);

    await expect(createNetwork(runtime.kni, late)).rejects.toMatchObject(RESOURCE_EXHAUSTED);
    await expect(attach(runtime.kni, created, netns)).rejects.toMatchObject(RESOURCE_EXHAUSTED);
    const full = await leftovers(node);
    expect(full).toMatchObject({veths: [expect.any(String)], leases: [up.ip]});
    expect(full.netns).toHaveLength(2);

    await runtime.kni.queryPodNetwork(identify(attached));
    await runtime.kni.detachInterface(identify(attached));
    await expect(runtime.kni.queryPodNetwork(identify(attached))).rejects.toMatchObject({code: 9});
    await runtime.kni.deleteNetwork({...identify(attached), netnsPath: up.netns});
    expect(await leftovers(node)).toMatchObject({veths: [], leases: []});

    await rm(node.path(`${paths.state}/ballast`));
    await attach(runtime.kni, created, netns);
    await takeDown(runtime.kni, created, netns);
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('does not bring back an address that was released while it was full', async () => {
    await node.run([
      'sh',
      '-c',
      `mkdir -p ${paths.state} && mount -t tmpfs -o size=256k tmpfs ${paths.state}`,
    ]);
    await rememberNodes(node);
    const runtime = await startRuntime(node);
    const pod = newPod('released');
    await bringUp(runtime.kni, pod);
    await node.run(['sh', '-c', `cat /dev/zero > ${paths.state}/ballast 2>/dev/null || true`]);
    await runtime.kni.detachInterface(identify(pod));
    await runtime.stop('SIGKILL');
    await rm(node.path(`${paths.state}/ballast`));
    await using next = await startRuntime(node);
    // Known as detached, or, if even that could not be written, not known any more.
    const answer = next.kni.queryPodNetwork(identify(pod));
    await expect(answer).rejects.toMatchObject({code: expect.toBeOneOf([5, 9]) as number});
    expect(await leftovers(node)).toMatchObject({leases: [], veths: []});
  });

  it.each([
    ['empty', () => ''],
    ['cut off', (text: string) => text.slice(0, text.length / 2)],
    ['full of zeros', () => '\0'.repeat(4096)],
    ['of another shape', () => '{"version":1,"key":7}'],
    ['under the wrong name', (text: string) => text.replace(/"key":"[^"]+"/, '"key":"other"')],
  ])('may hold a record that is %s: it is kept aside, and the pod keeps its address', async (_, spoil) => {
    await rememberNodes(node);
    const runtime = await startRuntime(node);
    const [spoilt, sound] = [newPod('spoilt'), newPod('sound')];
    const up = {spoilt: await bringUp(runtime.kni, spoilt), sound: await bringUp(runtime.kni, sound)};
    await runtime.stop('SIGKILL');
    const file = (await recordFiles()).find((name) => name.startsWith(spoilt.uid)) ?? '';
    const path = node.path(`${paths.records}/${file}`);
    await writeFile(path, spoil(await readFile(path, 'utf8')));

    await using next = await startRuntime(node);
    expect(await readdir(node.path(`${paths.records}/quarantine`))).toEqual([file]);
    const {ipconfigs} = await next.kni.queryPodNetwork(identify(sound));
    expect(ipconfigs['eth0']?.ip).toEqual([up.sound.ip]);
    await expect(next.kni.queryPodNetwork(identify(spoilt))).rejects.toMatchObject({code: 5});
    // Its pod may still run: its netns stays, and its address goes to nobody else.
    const {netns, leases} = await leftovers(node);
    expect(netns).toHaveLength(2);
    expect(leases).toContain(up.spoilt.ip);
    await takeDown(next.kni, sound, up.sound.netns);
    await takeDown(next.kni, spoilt, up.spoilt.netns);
    expect((await leftovers(node)).netns).toEqual([]);
  });

  it('is not touched when a later version has written it', async () => {
    await rememberNodes(node);
    const runtime = await startRuntime(node);
    await createNetwork(runtime.kni, newPod('future'));
    await runtime.stop('SIGKILL');
    const [file = ''] = await recordFiles();
    const path = node.path(`${paths.records}/${file}`);
    const text = (await readFile(path, 'utf8')).replace('"version":1', '"version":2');
    await writeFile(path, text);
    await expect(startRuntime(node)).rejects.toThrow('version 2');
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('loses nothing to a file in the making that a crash has left', async () => {
    await rememberNodes(node);
    const runtime = await startRuntime(node);
    const pod = newPod('halfway');
    await bringUp(runtime.kni, pod);
    await runtime.stop('SIGKILL');
    const [file = ''] = await recordFiles();
    await writeFile(node.path(`${paths.records}/${file}.tmp`), '{"version":1,');
    await using next = await startRuntime(node);
    await next.kni.queryPodNetwork(identify(pod));
    expect((await readdir(node.path(paths.records))).sort()).toEqual([file, 'quarantine'].sort());
  });
});
