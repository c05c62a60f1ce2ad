/** 200 pods. */

import {readFileSync} from 'node:fs';
import type {Attached} from '../pods.ts';
import {eachOf, type Probe} from '../probe.ts';
import type {Group} from '../requirement.ts';
import {leavesNothing} from '../snapshot.ts';
import {expectThat} from '../violation.ts';
import {expectDistinct} from './concurrency.ts';
import {expectUnchanged} from './delete.ts';

/** The kubelet runs 110 pods by default; clusters with other limits run more. */
const crowd = 200;
const atOnce = 8;

const manyUp = async ({up}: Probe, count: number): Promise<readonly Attached[]> => {
  const pods: Attached[] = [];
  await eachOf(Array.from({length: count}), atOnce, async () => void pods.push(await up()));
  return pods;
};

const megabytesOf = (pid: number | undefined): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

export const load: Group = {
  letter: 'P',
  name: 'load',
  about: `${crowd} pods`,
  isSlow: true,
  requirements: [
    {
      id: 'KNI-P01',
      level: 'MUST',
      source: 'Kubernetes: every pod has its own address',
      title: `gives ${crowd} pods different addresses, and leaves nothing of them`,
      needs: 'node',
      run: (probe) =>
        leavesNothing(probe, ['netns', 'link', 'address', 'route', 'rule'], async () => {
          const pods = await manyUp(probe, crowd);
          expectDistinct(pods);
          await eachOf(pods, atOnce, probe.down);
        }),
    },
    {
      id: 'KNI-P02',
      level: 'MUST',
      source: 'kubelet: it asks for the status of all pods, all the time',
      title: `knows ${crowd} pods after kill -9, and is ready within 20 s`,
      needs: 'process',
      async run(probe) {
        const pods = await manyUp(probe, crowd);
        await probe.runtime.kill();
        const begun = performance.now();
        await probe.runtime.start();
        const took = performance.now() - begun;
        expectThat(took < 20_000, 'a ready network within 20 s', `it took ${Math.round(took / 1000)} s`);
        for (const each of pods) await expectUnchanged(probe, each);
      },
    },
    {
      id: 'KNI-P03',
      level: 'SHOULD',
      source: 'Kubernetes: nodes run for months',
      title: `needs no more than 50 MB more memory after ${crowd} pods have come and gone`,
      needs: 'process',
      async run(probe) {
        await eachOf(Array.from({length: 20}), atOnce, async () => probe.down(await probe.up()));
        const before = megabytesOf(probe.runtime.pid());
        await eachOf(Array.from({length: crowd}), atOnce, async () => probe.down(await probe.up()));
        const grown = megabytesOf(probe.runtime.pid()) - before;
        expectThat(grown < 50, 'at most 50 MB more', `it needs ${Math.round(grown)} MB more`);
      },
    },
  ],
};
