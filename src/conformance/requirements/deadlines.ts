/** Deadlines, and callers that do not wait. */

import {kniClient, outcomeOf} from '../kni-client.ts';
import {addressesOf, identityOf} from '../pods.ts';
import {eachOf, whileRunning} from '../probe.ts';
import type {Group} from '../requirement.ts';
import {leavesNothing} from '../snapshot.ts';
import {expectThat} from '../violation.ts';

const idempotent = 'kni.proto: every call is idempotent';
/** Milliseconds after which a caller gives up: before the call, during it and perhaps after it. */
const impatience = [1, 10, 50, 200] as const;

/** `OK` or the status of a call that may miss its deadline. */
const outcomeOfImpatient = (call: Promise<unknown>): Promise<unknown> => call.catch(() => undefined);

export const timing: Group = {
  letter: 'T',
  name: 'deadlines',
  about: 'deadlines, and callers that do not wait',
  requirements: [
    {
      id: 'KNI-T01',
      level: 'MUST',
      source: 'kubelet: deadlines of its calls',
      title: 'answers each call of the life of a pod within the deadline of the kubelet',
      needs: 'socket',
      async run({kni, up, down}) {
        await kni.setupNodeNetwork({});
        await kni.queryNodeNetworks({});
        const attached = await up();
        await kni.queryPodNetwork({id: attached.pod.sandbox});
        await down(attached);
      },
    },
    {
      id: 'KNI-T02',
      level: 'MUST',
      source: idempotent,
      title: 'returns one netns after a CreateNetwork that missed its deadline',
      needs: 'socket',
      async run({kni, pod, create, attach, down}) {
        for (const deadline of impatience) {
          const each = pod();
          const {namespace, name, uid, attempt} = each;
          await outcomeOfImpatient(
            kni.createNetwork({namespace, name, uid, extradata: {attempt}}, {deadline}),
          );
          const [first, second] = [await create(each), await create(each)];
          expectThat(first === second, `${first} again`, `the next answer is ${second}`);
          await down(await attach(each, first));
        }
      },
    },
    {
      id: 'KNI-T03',
      level: 'MUST',
      source: idempotent,
      title: 'returns one address after an AttachInterface that missed its deadline',
      needs: 'socket',
      async run({kni, pod, create, attach, down}) {
        for (const deadline of impatience) {
          const each = pod();
          const netns = await create(each);
          await outcomeOfImpatient(attach(each, netns, {}, {deadline}));
          const again = await attach(each, netns);
          const seen = addressesOf((await kni.queryPodNetwork({id: each.sandbox})).ipconfigs);
          expectThat(
            seen === addressesOf(again.ipconfigs),
            addressesOf(again.ipconfigs),
            `QueryPodNetwork has ${seen}`,
          );
          await down(again);
        }
      },
    },
    {
      id: 'KNI-T04',
      level: 'MUST',
      source: idempotent,
      title: 'leaves nothing of a pod whose AttachInterface was cancelled',
      needs: 'node',
      run: (probe) =>
        leavesNothing(probe, ['netns', 'link', 'address', 'route'], async () => {
          for (const wait of impatience) {
            const pod = probe.pod();
            const netns = await probe.create(pod);
            await outcomeOfImpatient(probe.attach(pod, netns, {}, {signal: AbortSignal.timeout(wait)}));
            await probe.down({pod, netns});
          }
        }),
    },
    {
      id: 'KNI-T05',
      level: 'MUST',
      source: idempotent,
      title: 'attaches a pod whose caller disconnected during AttachInterface',
      needs: 'socket',
      async run({socket, kni, pod, create, attach, down}) {
        for (const wait of impatience) {
          const each = pod();
          const netns = await create(each);
          const client = kniClient(socket, () => undefined);
          const signal = AbortSignal.timeout(wait);
          signal.addEventListener('abort', () => client[Symbol.dispose](), {once: true});
          const isolation = {path: netns, type: 'netns'};
          await outcomeOfImpatient(client.attachInterface({...identityOf(each), isolation}, {signal}));
          client[Symbol.dispose]();
          const again = await attach(each, netns);
          await kni.queryPodNetwork({id: each.sandbox});
          await down(again);
        }
      },
    },
    {
      id: 'KNI-T06',
      level: 'MUST',
      source: idempotent,
      title: 'deletes a pod after DetachInterface and DeleteNetwork missed their deadlines',
      needs: 'socket',
      async run({up, down, kni}) {
        for (const deadline of impatience) {
          const attached = await up();
          const {pod, netns} = attached;
          await outcomeOfImpatient(kni.detachInterface(identityOf(pod), {deadline}));
          await outcomeOfImpatient(kni.deleteNetwork({...identityOf(pod), netnsPath: netns}, {deadline}));
          await down(attached);
          const outcome = await outcomeOf(kni.queryPodNetwork({id: pod.sandbox}));
          expectThat(outcome === 'NOT_FOUND', 'NOT_FOUND', `the status is ${outcome}`);
        }
      },
    },
    {
      id: 'KNI-T07',
      level: 'MUST',
      source: 'kubelet: it waits 2 s for QueryPodNetwork and 5 s for QueryNodeNetworks',
      title: 'answers queries within the deadlines while 16 pods come and go',
      needs: 'socket',
      async run({up, down, kni}) {
        const {pod} = await up();
        const work = eachOf(Array.from({length: 16}), 16, async () => down(await up()));
        await whileRunning(work, async () => {
          await kni.queryPodNetwork({id: pod.sandbox});
          await kni.queryNodeNetworks({});
        });
      },
    },
  ],
};
