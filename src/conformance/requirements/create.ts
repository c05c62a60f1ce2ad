/** CreateNetwork: the netns of a pod. */

import {stat} from 'node:fs/promises';
import {outcomeOf} from '../kni-client.ts';
import {ipsOf, type Pod} from '../pods.ts';
import type {Probe} from '../probe.ts';
import {becomesEmpty} from '../probe.ts';
import type {Group} from '../requirement.ts';
import {expectThat} from '../violation.ts';

const differ = (first: string, second: string): void =>
  expectThat(first !== second, 'two different netns', `both are ${first}`);

/** Creates the networks of two pods, and expects that they differ. Attaches them, and expects different addresses. */
const keepsApart = async ({create, attach, down}: Probe, one: Pod, two: Pod): Promise<void> => {
  const [first, second] = [await create(one), await create(two)];
  differ(first, second);
  const attached = [await attach(one, first), await attach(two, second)];
  const [a = [], b = []] = attached.map(ipsOf);
  expectThat(!a.some((ip) => b.includes(ip)), 'different addresses', `both have ${a.join(', ')}`);
  for (const each of attached) await down(each);
};

export const creation: Group = {
  letter: 'C',
  name: 'create',
  about: 'CreateNetwork: the netns of a pod',
  requirements: [
    {
      id: 'KNI-C01',
      level: 'MUST',
      source: 'kni.proto: CreateNetworkResponse.netns_path',
      title: 'returns an absolute path of a netns',
      needs: 'socket',
      async run({create, pod}) {
        const netns = await create(pod());
        expectThat(netns.startsWith('/'), 'an absolute path in netns_path', `it is ${JSON.stringify(netns)}`);
      },
    },
    {
      id: 'KNI-C02',
      level: 'MUST',
      source: 'kni.proto: CreateNetworkResponse.netns_path',
      title: 'mounts a network namespace at that path',
      needs: 'node',
      async run({create, pod, node}) {
        const netns = await create(pod());
        const type = (await node.run(['stat', ['--file-system', '--format=%T', netns]])).trim();
        expectThat(type === 'nsfs', 'a mounted namespace (nsfs)', `the file system of ${netns} is ${type}`);
        await node.runIn(netns, ['true', []]);
      },
    },
    {
      id: 'KNI-C03',
      level: 'MUST',
      source: 'Kubernetes: a pod has its own network namespace',
      title: "creates a netns that is not the node's",
      needs: 'node',
      async run({create, pod, node}) {
        const netns = await create(pod());
        const [own, ofPod] = await Promise.all(
          ['/proc/1/ns/net', netns].map((path) => node.run(['stat', ['--dereference', '--format=%i', path]])),
        );
        expectThat(own !== ofPod, 'a new namespace', `${netns} is the network namespace of the node`);
      },
    },
    {
      id: 'KNI-C04',
      level: 'MUST',
      source: 'kni.proto: every call is idempotent',
      title: 'returns the same netns when CreateNetwork is repeated',
      needs: 'socket',
      async run({create, pod}) {
        const each = pod();
        const [first, second] = [await create(each), await create(each)];
        expectThat(first === second, `${first} again`, `the second answer is ${second}`);
      },
    },
    {
      id: 'KNI-C05',
      level: 'MUST',
      source: 'kni.proto: CreateNetwork creates the netns of a pod',
      title: 'creates a netns for each pod',
      needs: 'socket',
      async run({create, pod}) {
        differ(await create(pod()), await create(pod()));
      },
    },
    {
      id: 'KNI-C06',
      level: 'MUST',
      source: 'kni.proto: CreateNetworkRequest.extradata "attempt"',
      title: 'creates another netns for another attempt while the first sandbox still exists',
      needs: 'socket',
      async run(probe) {
        const first = probe.pod();
        const {namespace, name, uid} = first;
        await keepsApart(probe, first, probe.pod({namespace, name, uid, attempt: '1'}));
      },
    },
    {
      id: 'KNI-C07',
      level: 'MUST',
      source: 'kni.proto: CreateNetworkRequest.uid',
      title: 'keeps two pods of the same name apart by their uids',
      needs: 'socket',
      async run(probe) {
        const first = probe.pod();
        await keepsApart(probe, first, probe.pod({namespace: first.namespace, name: first.name}));
      },
    },
    {
      id: 'KNI-C08',
      level: 'MUST',
      source: 'kni.proto: CreateNetworkRequest.namespace, name',
      title: 'distinguishes pods whose joined namespace and name are equal',
      needs: 'socket',
      async run(probe) {
        const [one, two] = [probe.pod(), probe.pod()];
        await keepsApart(
          probe,
          probe.pod({namespace: 'a-b', name: `c-${one.uid}`}),
          probe.pod({namespace: 'a', name: `b-c-${one.uid}`, uid: two.uid}),
        );
      },
    },
    {
      id: 'KNI-C09',
      level: 'SHOULD',
      source: 'first KNI kubelet: it sends no uid',
      title: 'distinguishes pods without a uid whose joined namespace and name are equal',
      needs: 'socket',
      async run(probe) {
        const {uid: suffix} = probe.pod();
        await keepsApart(
          probe,
          probe.pod({namespace: 'a-b', name: `c-${suffix}`, uid: ''}),
          probe.pod({namespace: 'a', name: `b-c-${suffix}`, uid: ''}),
        );
      },
    },
    {
      id: 'KNI-C10',
      level: 'MUST',
      source: 'Kubernetes: names have up to 253 characters, namespaces up to 63',
      title: 'accepts the longest names of Kubernetes',
      needs: 'socket',
      async run({up, down, pod}) {
        await down(await up(pod({namespace: 'n'.repeat(63), name: `${'p.'.repeat(126)}p`})));
      },
    },
    {
      id: 'KNI-C11',
      level: 'MUST',
      source: 'kni.proto: CreateNetworkRequest.extradata "attempt"',
      title: 'creates a new network for attempt 0 after the first one was deleted',
      needs: 'socket',
      async run({up, down, pod}) {
        const first = pod();
        await down(await up(first));
        const {namespace, name, uid} = first;
        await down(await up(pod({namespace, name, uid})));
      },
    },
    {
      id: 'KNI-C12',
      level: 'SHOULD',
      source: 'kni.proto: CreateNetworkRequest.name, namespace',
      title: 'refuses a pod without a name or a namespace',
      needs: 'socket',
      async run({kni, pod}) {
        const {uid, name, namespace} = pod();
        for (const request of [{uid, name}, {uid, namespace}, {}]) {
          const outcome = await outcomeOf(kni.createNetwork(request));
          expectThat(outcome === 'INVALID_ARGUMENT', 'INVALID_ARGUMENT', `the status is ${outcome}`);
        }
      },
    },
    {
      id: 'KNI-C13',
      level: 'MUST',
      source: 'kni.proto: CreateNetworkResponse.netns_path',
      title: 'keeps the netns until DeleteNetwork, also after DetachInterface',
      needs: 'node',
      async run({up, kni, node}) {
        const {pod, netns} = await up();
        await kni.detachInterface({id: pod.sandbox});
        await node.runIn(netns, ['true', []]);
        await kni.deleteNetwork({id: pod.sandbox});
      },
    },
    {
      id: 'KNI-C14',
      level: 'MUST',
      source: 'kni.proto: DeleteNetwork undoes CreateNetwork',
      title: 'removes the path of the netns with DeleteNetwork',
      needs: 'node',
      async run(probe) {
        const attached = await probe.up();
        await probe.down(attached);
        await becomesEmpty(probe, 'no file at the path of the deleted netns', async () =>
          (await exists(probe.node.path(attached.netns))) ? [attached.netns] : [],
        );
      },
    },
  ],
};

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
