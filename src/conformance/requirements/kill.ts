/** kill -9 at any moment. */

import {setTimeout as sleep} from 'node:timers/promises';
import {messageOf} from '../../thrown.ts';
import {outcomeOf} from '../kni-client.ts';
import type {Attached, Pod} from '../pods.ts';
import {eachOf, type Probe} from '../probe.ts';
import type {Group} from '../requirement.ts';
import {leavesNothing} from '../snapshot.ts';
import {Violation} from '../violation.ts';
import {expectAddresses, expectDistinct} from './concurrency.ts';

const rounds = 12;
/** Milliseconds after the last kill, within which each pod must be attached. */
const patience = 60_000;
const leftOf = ['netns', 'link', 'address', 'route'] as const;

/** Kills the runtime after a time that differs from round to round, and starts it again. */
const killAfter = async ({runtime, signal}: Probe, round: number): Promise<void> => {
  await sleep(round * round * 1.5, undefined, {signal});
  await runtime.kill();
  await runtime.start();
};

/**
 * Deletes the network after any error, and repeats that while it fails, as kubelets do. The next attempt has another sandbox: the
 * runtime may have attached this one, although its answer was lost. Returns the message of an error.
 */
const upOrUndone = async (probe: Probe, pod: Pod): Promise<Attached | string> => {
  let netns = '';
  try {
    netns = await probe.create(pod);
    return await probe.attach(pod, netns);
  } catch (error) {
    const deadline = performance.now() + patience;
    while (!(await isDown(probe, pod, netns)) && performance.now() < deadline)
      await sleep(100, undefined, {signal: probe.signal});
    return messageOf(error);
  }
};

const isDown = (probe: Probe, pod: Pod, netns: string): Promise<boolean> =>
  probe.down({pod, netns}).then(
    () => true,
    () => false,
  );

export const kills: Group = {
  letter: 'K',
  name: 'kill',
  about: 'kill -9 at any moment',
  isSlow: true,
  requirements: [
    {
      id: 'KNI-K01',
      level: 'MUST',
      source: 'kni.proto: every call is idempotent',
      title: 'creates and attaches a pod after kill -9 at any moment of CreateNetwork',
      needs: 'process',
      run: (probe) =>
        leavesNothing(probe, leftOf, async () => {
          for (let round = 0; round < rounds; round++) {
            const pod = probe.pod();
            const interrupted = outcomeOf(probe.create(pod));
            await killAfter(probe, round);
            await interrupted;
            await probe.down(await probe.up(pod));
          }
        }),
    },
    {
      id: 'KNI-K02',
      level: 'MUST',
      source: 'kni.proto: every call is idempotent',
      title: 'attaches a pod after kill -9 at any moment of AttachInterface, and leaves nothing',
      needs: 'process',
      run: (probe) =>
        leavesNothing(probe, leftOf, async () => {
          for (let round = 0; round < rounds; round++) {
            const pod = probe.pod();
            const netns = await probe.create(pod);
            const interrupted = outcomeOf(probe.attach(pod, netns));
            await killAfter(probe, round);
            await interrupted;
            await probe.down(await probe.attach(pod, netns));
          }
        }),
    },
    {
      id: 'KNI-K03',
      level: 'MUST',
      source: 'kni.proto: every call is idempotent',
      title: 'keeps each address that AttachInterface returned, even if kill -9 follows immediately',
      needs: 'process',
      async run(probe) {
        const pods: Attached[] = [];
        for (let round = 0; round < 5; round++) {
          pods.push(await probe.up());
          await killAfter(probe, 0);
        }
        expectDistinct(pods);
        await expectAddresses(probe, pods);
      },
    },
    {
      id: 'KNI-K04',
      level: 'MUST',
      source: 'kni.proto: every call is idempotent',
      title: 'deletes a pod after kill -9 at any moment of its deletion, and leaves nothing',
      needs: 'process',
      run: (probe) =>
        leavesNothing(probe, leftOf, async () => {
          for (let round = 0; round < rounds; round++) {
            const attached = await probe.up();
            const interrupted = outcomeOf(probe.down(attached));
            await killAfter(probe, round);
            await interrupted;
            await probe.down(attached);
          }
        }),
    },
    {
      id: 'KNI-K05',
      level: 'MUST',
      source: 'Kubernetes: every pod has its own address',
      title: 'gives different addresses to pods that are created while it is killed repeatedly',
      needs: 'process',
      async run(probe) {
        const pods: Attached[] = [];
        let deadline = Number.POSITIVE_INFINITY;
        const arrivals = eachOf(Array.from({length: 16}), 4, async () => {
          const {namespace, name, uid} = probe.pod();
          let outcome: Attached | string = 'it was not tried';
          while (performance.now() < deadline) {
            outcome = await upOrUndone(probe, probe.pod({namespace, name, uid}));
            if (typeof outcome !== 'string') return void pods.push(outcome);
            await sleep(50, undefined, {signal: probe.signal});
          }
          throw new Violation(
            'AttachInterface to succeed at a retry with a new sandbox',
            `${name} was not attached within ${patience / 1_000} s after the last kill: ${outcome}`,
          );
        });
        const killer = async (): Promise<void> => {
          try {
            for (let round = 4; round < rounds; round++) await killAfter(probe, round);
          } finally {
            deadline = performance.now() + patience;
          }
        };
        await Promise.all([arrivals, killer()]);
        expectDistinct(pods);
      },
    },
  ],
};
