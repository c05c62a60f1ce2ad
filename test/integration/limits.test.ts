import {setTimeout as delay} from 'node:timers/promises';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {footprintOf} from '../rig/node/footprint.ts';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {bringUp, identify, newPod, takeDown} from '../rig/node/pod.ts';
import {paths, rememberNodes, startRuntime} from '../rig/node/runtime.ts';

describe('a node with little', () => {
  let node: TestNode;
  beforeEach(async () => {
    node = await startNode();
    await rememberNodes(node);
  });
  afterEach(() => node[Symbol.asyncDispose]());

  it('of file descriptors refuses calls beyond the limit, and serves them later', async () => {
    await using runtime = await startRuntime(node, [], {openFiles: 96});
    const {kni} = runtime;
    const first = newPod('first');
    await takeDown(kni, first, (await bringUp(kni, first)).netns);
    const own = async () => (await footprintOf(runtime.process.pid)).ownDescriptors;
    // A shell that is being opened has a process, but not yet all of its descriptors.
    let before = 0;
    for (let look = 0; look < 20; look++, await delay(100)) before = Math.max(before, await own());
    const crowd = async (name: string) => {
      const pods = Array.from({length: 40}, (_, index) => newPod(`${name}-${index}`));
      const outcomes = await Promise.allSettled(pods.map((pod) => bringUp(kni, pod)));
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(refused.length).toBeGreaterThan(0);
      const told = refused.map(({reason}) => reason as {code: number; details: string});
      expect(told.filter(({code}) => code !== 14)).toEqual([]);
      expect(runtime.process.exitCode).toBeNull();

      for (const pod of pods) {
        await kni.deleteNetwork(identify(pod));
        await kni.deleteNetwork({extradata: {uid: pod.uid}});
      }
      expect(await leftovers(node)).toEqual(nothing);
    };
    for (const name of ['many', 'more', 'again']) await crowd(name);
    await expect.poll(own, {timeout: 120_000}).toBeLessThanOrEqual(before);
    const last = newPod('last');
    await takeDown(kni, last, (await bringUp(kni, last)).netns);
  });

  it('of space for state runs no plugin, still detaches, and recovers when there is space', async () => {
    const mount = `mkdir -p ${paths.state} && mount -t tmpfs -o size=64k tmpfs ${paths.state}`;
    await node.run(['sh', '-c', mount]);
    await rememberNodes(node);
    await using runtime = await startRuntime(node);
    const {kni} = runtime;
    const pods: {pod: ReturnType<typeof newPod>; netns: string}[] = [];
    const fill = async () => {
      for (;;) {
        const pod = newPod(`pod-${pods.length}`);
        pods.push({pod, netns: ''});
        pods.splice(-1, 1, {pod, netns: (await bringUp(kni, pod)).netns});
      }
    };
    await expect(fill()).rejects.toMatchObject({code: expect.toBeOneOf([8, 13, 14]) as number});
    for (const {pod, netns} of pods) {
      await kni.detachInterface(identify(pod));
      await kni.deleteNetwork({...identify(pod), netnsPath: netns});
      await kni.deleteNetwork({extradata: {uid: pod.uid}});
    }
    expect(await leftovers(node)).toEqual(nothing);
    const late = newPod('late');
    await takeDown(kni, late, (await bringUp(kni, late)).netns);
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('to give to other users refuses them the socket', async () => {
    await using _ = await startRuntime(node);
    const knock = (uid: number) =>
      node.run([
        process.execPath,
        '-e',
        `process.setgroups([]); process.setgid(${uid}); process.setuid(${uid});
         require('node:net').connect('${paths.socket}')
           .on('connect', () => { console.log('connected'); process.exit(0); })
           .on('error', ({code}) => { console.log(code); process.exit(0); });`,
      ]);
    expect((await knock(65534)).trim()).toBe('EACCES');
    // The directory is not all that keeps them out.
    await node.run(['chmod', '0755', '/run/kni']);
    expect((await knock(65534)).trim()).toBe('EACCES');
    expect((await knock(0)).trim()).toBe('connected');
  });
});
