/** Concurrency and ordering. */

import {outcomeOf} from '../kni-client.ts';
import {type Attached, addressesOf, ipsOf} from '../pods.ts';
import {eachOf, type Probe, whileRunning} from '../probe.ts';
import type {Group} from '../requirement.ts';
import {leavesNothing} from '../snapshot.ts';
import {expectThat} from '../violation.ts';
import {expectUnchanged} from './delete.ts';

/** Throws Violation if two pods have the same address. */
export const expectDistinct = (pods: readonly Attached[]): void => {
  const owners = new Map<string, string>();
  for (const each of pods)
    for (const ip of ipsOf(each)) {
      const owner = owners.get(ip);
      expectThat(owner === undefined, 'different addresses', `${owner} and ${each.pod.name} both have ${ip}`);
      owners.set(ip, each.pod.name);
    }
};

/** Throws Violation if QueryPodNetwork answers other addresses than AttachInterface did, CallFailed if it fails. */
export const expectAddresses = async ({kni}: Probe, pods: readonly Attached[]): Promise<void> => {
  for (const {pod, ipconfigs} of pods) {
    const seen = addressesOf((await kni.queryPodNetwork({id: pod.sandbox})).ipconfigs);
    expectThat(seen === addressesOf(ipconfigs), addressesOf(ipconfigs), `it is ${seen || 'no address'}`);
  }
};

const many = async ({up}: Probe, count: number): Promise<readonly Attached[]> =>
  Promise.all(Array.from({length: count}, () => up()));

export const concurrency: Group = {
  letter: 'O',
  name: 'concurrency',
  about: 'concurrency and ordering',
  requirements: [
    {
      id: 'KNI-O01',
      level: 'MUST',
      source: 'kni.proto: every call is idempotent',
      title: 'creates one netns for ten equal CreateNetwork calls at the same time',
      needs: 'socket',
      async run({create, pod}) {
        const each = pod();
        const paths = new Set(await Promise.all(Array.from({length: 10}, () => create(each))));
        expectThat(paths.size === 1, 'one netns', `there are ${paths.size}: ${[...paths].join(', ')}`);
      },
    },
    {
      id: 'KNI-O02',
      level: 'MUST',
      source: 'kni.proto: every call is idempotent',
      title: 'attaches a sandbox once for ten equal AttachInterface calls at the same time',
      needs: 'socket',
      async run({create, attach, pod}) {
        const each = pod();
        const netns = await create(each);
        const answers = await Promise.all(Array.from({length: 10}, () => attach(each, netns)));
        const seen = new Set(answers.map(({ipconfigs}) => addressesOf(ipconfigs)));
        expectThat(seen.size === 1, 'equal answers', `there are ${seen.size}: ${[...seen].join('; ')}`);
      },
    },
    {
      id: 'KNI-O03',
      level: 'MUST',
      source: 'kni.proto: calls for different pods run concurrently',
      title: 'gives 20 pods different addresses at the same time',
      needs: 'socket',
      async run(probe) {
        const pods = await many(probe, 20);
        expectDistinct(pods);
        await Promise.all(pods.map(probe.down));
      },
    },
    {
      id: 'KNI-O04',
      level: 'MUST',
      source: 'kni.proto: calls for one pod run one after the other',
      title: 'leaves nothing when a pod is deleted while it is attached',
      needs: 'node',
      async run(probe) {
        await leavesNothing(probe, ['netns', 'link', 'address'], async () => {
          for (let round = 0; round < 3; round++) {
            const pod = probe.pod();
            const netns = await probe.create(pod);
            const attached = outcomeOf(probe.attach(pod, netns));
            await probe.down({pod, netns});
            await attached;
            // If AttachInterface was last, there is something to delete again.
            await probe.down({pod, netns});
          }
        });
      },
    },
    {
      id: 'KNI-O05',
      level: 'MUST',
      source: 'kubelet: it asks for the status of all pods, all the time',
      title: 'answers QueryPodNetwork with the same addresses while other pods come and go',
      needs: 'socket',
      async run(probe) {
        const watched = await probe.up();
        const others = eachOf(Array.from({length: 12}), 4, async () => probe.down(await probe.up()));
        await whileRunning(others, () => expectUnchanged(probe, watched));
      },
    },
    {
      id: 'KNI-O06',
      level: 'MUST',
      source: 'Kubernetes: every pod has its own address',
      title: 'never gives one address to two pods while pods come and go',
      needs: 'socket',
      async run(probe) {
        const owners = new Map<string, string>();
        await eachOf(Array.from({length: 32}), 8, async () => {
          const attached = await probe.up();
          const {name} = attached.pod;
          for (const ip of ipsOf(attached)) {
            const owner = owners.get(ip);
            expectThat(owner === undefined, 'different addresses', `${owner} and ${name} both have ${ip}`);
            owners.set(ip, name);
          }
          await probe.kni.queryPodNetwork({id: attached.pod.sandbox});
          // Before the call: once the runtime releases the address, another pod may get it at any moment.
          for (const ip of ipsOf(attached)) owners.delete(ip);
          await probe.down(attached);
        });
      },
    },
    {
      id: 'KNI-O07',
      level: 'MUST',
      source: 'kni.proto: calls for different pods run concurrently',
      title: 'keeps the networks of other pods when a pod is deleted',
      needs: 'socket',
      async run(probe) {
        const [gone, ...others] = await many(probe, 4);
        if (gone) await probe.down(gone);
        for (const other of others) await expectUnchanged(probe, other);
      },
    },
    {
      id: 'KNI-O08',
      level: 'MUST',
      source: 'kni.proto: CreateNetworkRequest.extradata "attempt"',
      title: 'attaches two sandboxes of one pod at the same time',
      needs: 'socket',
      async run(probe) {
        const first = probe.pod();
        const {namespace, name, uid} = first;
        const second = probe.pod({namespace, name, uid, attempt: '1'});
        const pods = await Promise.all([probe.up(first), probe.up(second)]);
        expectDistinct(pods);
        for (const each of pods) await expectUnchanged(probe, each);
      },
    },
  ],
};
