/** Holds whenever no call runs: each attachment is complete, and nothing else exists. */
import {readdir} from 'node:fs/promises';
import {expect} from 'vitest';
import type {KniClient} from './client.ts';
import {leftovers} from './leftovers.ts';
import type {TestNode} from './node.ts';
import {identify, type TestPod} from './pod.ts';
import {paths} from './runtime.ts';

/** Of these pods, which are all that ever were, as a kubelet is told; `undefined` for those that are not attached. */
export const addressesOf = (kni: KniClient, pods: readonly TestPod[]) =>
  Promise.all(
    pods.map((pod) =>
      kni.queryPodNetwork(identify(pod)).then(
        ({ipconfigs}) => ipconfigs['eth0']?.ip[0],
        () => undefined,
      ),
    ),
  );

/** Waits for what a network runtime undoes by itself. */
export const becomesWhole = async (node: TestNode, kni: KniClient, pods: readonly TestPod[]) => {
  const inspect = async () => {
    const addresses = (await addressesOf(kni, pods)).filter((ip) => ip !== undefined);
    const left = await leftovers(node);
    return {
      shared: addresses.length - new Set(addresses).size,
      unowned: left.leases.filter((ip) => !addresses.includes(ip)),
      unleased: addresses.filter((ip) => !left.leases.includes(ip)),
      extraVeths: left.veths.length - addresses.length,
      extraNetns: left.netns.length - left.records.length,
      halfWritten: (await readdir(node.path(paths.records))).filter((name) => name.endsWith('.tmp')),
    };
  };
  const whole = {shared: 0, unowned: [], unleased: [], extraVeths: 0, extraNetns: 0, halfWritten: []};
  await expect.poll(inspect, {timeout: 60_000}).toEqual(whole);
};
