import {setTimeout as delay} from 'node:timers/promises';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {footprintOf} from '../rig/node/footprint.ts';
import {addressesOf, becomesWhole} from '../rig/node/invariants.ts';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, bringUp, createNetwork, identify, newPod, type TestPod, takeDown} from '../rig/node/pod.ts';
import {rememberNodes, startRuntime, type TestRuntime} from '../rig/node/runtime.ts';
import {scaled} from '../rig/node/scale.ts';

/** The state of a pod as the client knows it. */
interface Life {
  readonly pod: TestPod;
  ip?: string | undefined;
  /** Its end was asked for. */
  ending?: boolean;
  ended?: boolean;
}

describe('pods that come and go', () => {
  let node: TestNode;
  beforeEach(async () => {
    node = await startNode();
    await rememberNodes(node);
  });
  afterEach(() => node[Symbol.asyncDispose]());

  const live = async ({kni}: TestRuntime, life: Life, stays: boolean) => {
    const netns = await createNetwork(kni, life.pod);
    life.ip = (await attach(kni, life.pod, netns))['eth0']?.ip[0];
    if (stays) return;
    life.ending = true;
    await takeDown(kni, life.pod, netns);
    life.ended = true;
  };

  it('while the network runtime is killed over and over are as the last answer said, or whole, or gone', async () => {
    let runtime = await startRuntime(node);
    for (let kill = 0; kill < scaled({usual: 6, soak: 200}); kill++) {
      const lives: Life[] = [];
      const churn = async (lane: number) => {
        for (let round = 0; ; round++) {
          const life = {pod: newPod(`lane-${lane}-${round}`)};
          lives.push(life);
          await live(runtime, life, round % 3 === 2);
        }
      };
      const churning = Promise.allSettled([0, 1, 2, 3, 4, 5, 6, 7].map(churn));
      await delay(200 + Math.random() * 800);
      await runtime.stop('SIGKILL');
      await churning;

      runtime = await startRuntime(node);
      const pods = lives.map(({pod}) => pod);
      await becomesWhole(node, runtime.kni, pods);
      const addresses = await addressesOf(runtime.kni, pods);
      const known = lives.map((life, index) => ({...life, now: addresses[index]}));
      expect(known.filter(({ip, ending, now}) => ip && !ending && now !== ip)).toEqual([]);
      expect(known.filter(({ended, now}) => ended && now !== undefined)).toEqual([]);
      for (const pod of pods) {
        await runtime.kni.deleteNetwork(identify(pod));
        await runtime.kni.deleteNetwork({extradata: {uid: pod.uid}});
      }
      expect(await leftovers(node)).toEqual(nothing);
    }
    await runtime.stop('SIGKILL');
  });

  it('cost nothing that stays', async () => {
    await using runtime = await startRuntime(node);
    const cycle = async (count: number) => {
      for (let done = 0; done < count; done += 4) {
        const pods = [0, 1, 2, 3].map((index) => newPod(`cycle-${index}`));
        const up = await Promise.all(pods.map((pod) => bringUp(runtime.kni, pod)));
        await Promise.all(pods.map((pod, index) => takeDown(runtime.kni, pod, up[index]?.netns ?? '')));
      }
    };
    await cycle(scaled({usual: 12, soak: 1_000})); // memory that warms up here is not a leak
    const before = await footprintOf(runtime.process.pid);
    const lines = runtime.log.length;
    await cycle(scaled({usual: 32, soak: 10_000}));
    expect(runtime.log.length).toBeGreaterThan(lines);
    expect(await leftovers(node)).toEqual(nothing);
    const after = await footprintOf(runtime.process.pid);
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 2);
    expect(after.megabytes).toBeLessThan(before.megabytes + 30);
  });
});
