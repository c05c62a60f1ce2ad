import {once} from 'node:events';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type CrashPoint, crashPoints} from '../../runtime/src/lib/crash-point.ts';
import {connectTo} from '../rig/node/client.ts';
import {becomesEmpty, leftovers} from '../rig/node/leftovers.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, bringUp, createNetwork, identify, newPod, type TestPod, takeDown} from '../rig/node/pod.ts';
import {launchRuntime, paths, rememberNodes, startRuntime} from '../rig/node/runtime.ts';
import {scaled} from '../rig/node/scale.ts';
import {until} from '../rig/wait.ts';

/**
 * Which visit to a place is the last: two networks make two of each, and undoing comes by some of them as well. Attached,
 * detached and deleted are synced.
 */
const visitsOf: Partial<Record<CrashPoint, number>> = {
  'attach: plugin added': 2,
  'detach: plugin deleted': 2,
  'journal: written, not synced': 3,
};
const seeds = scaled({usual: 1, soak: 50});
const cases = crashPoints.flatMap((point) =>
  Array.from({length: seeds * (visitsOf[point] ?? 1)}, (_, index) => ({
    point,
    visit: (index % (visitsOf[point] ?? 1)) + 1,
  })),
);

describe('a network runtime that dies', () => {
  let node: TestNode;
  const survivor = newPod('survivor');
  let survivorNet = {netns: '', ip: ''};

  beforeAll(async () => {
    node = await startNode();
    await rememberNodes(node);
    await using runtime = await startRuntime(node);
    survivorNet = await bringUp(runtime.kni, survivor);
  });
  afterAll(async () => {
    await using runtime = await startRuntime(node);
    await takeDown(runtime.kni, survivor, survivorNet.netns);
    await becomesEmpty(node);
    await node[Symbol.asyncDispose]();
  });

  /** As far as it gets; tells what the client has seen succeed. */
  const life = async (on: TestNode, pod: TestPod) => {
    using kni = connectTo(on.path(paths.socket));
    const seen = {netns: '', deleted: false};
    try {
      seen.netns = await createNetwork(kni, pod);
      await attach(kni, pod, seen.netns);
      await kni.detachInterface(identify(pod));
      await kni.deleteNetwork({...identify(pod), netnsPath: seen.netns});
      seen.deleted = true;
    } catch {
      // it died
    }
    return seen;
  };

  it.each(cases)('at "$point", visit $visit, comes back to what was promised', async ({point, visit}) => {
    const pod = newPod('victim');
    const {child, log} = launchRuntime(node, [], {env: {KNI_CRASH_AT: `${point}#${visit}`}});
    const died = once(child, 'exit');
    const serves = () => log.some(({msg}) => msg === 'serving KNI');
    // To some of the points it comes by itself, and may have died before anybody could call it.
    await until('it serves KNI', () => serves() || child.exitCode !== null || child.signalCode !== null);
    const seen = await life(node, pod);
    expect(await died).toEqual([null, 'SIGKILL']);
    expect(serves()).toBe(true);

    await using runtime = await startRuntime(node);
    const addressOf = async (of: TestPod) =>
      (await runtime.kni.queryPodNetwork(identify(of))).ipconfigs['eth0']?.ip[0];
    expect(await addressOf(survivor)).toBe(survivorNet.ip);
    // An acknowledged deletion never comes back.
    const known = await addressOf(pod).catch(({code}: {code: number}) => (code === 5 ? 'unknown' : 'known'));
    expect(seen.deleted && known !== 'unknown').toBe(false);
    // A call without an answer has taken effect completely or not at all.
    await until('nothing is halfway', async () => {
      const {leases, veths, netns} = await leftovers(node);
      const attached = await addressOf(pod).then(
        () => true,
        () => false,
      );
      const others = attached ? 2 : 1;
      return leases.length === others && veths.length === others && netns.length <= 2;
    });
    // As a kubelet that does not know the outcome: deletes the pod's network and creates it again.
    await runtime.kni.deleteNetwork(identify(pod));
    await runtime.kni.deleteNetwork({extradata: {uid: pod.uid}});
    const again = await bringUp(runtime.kni, pod);
    expect(again.ip).not.toBe(survivorNet.ip);
    await takeDown(runtime.kni, pod, again.netns);
    // A netns whose record was not written yet is removed when the runtime reconciles, a second after its start.
    const left = async () => {
      const {leases, netns, veths} = await leftovers(node);
      return {leases, netns, veths: veths.length};
    };
    await expect.poll(left, {timeout: 20_000}).toEqual({
      leases: [survivorNet.ip],
      netns: [survivorNet.netns.split('/').at(-1)],
      veths: 1,
    });
  });
});
