/** DetachInterface and DeleteNetwork: the end of a pod's network. */

import {outcomeOf} from '../kni-client.ts';
import {type Attached, addressesOf, identityOf} from '../pods.ts';
import type {Probe} from '../probe.ts';
import type {Group, Requirement} from '../requirement.ts';
import {expectThat, Violation} from '../violation.ts';

/** Throws Violation if QueryPodNetwork still returns addresses. */
const expectGone = async ({kni}: Probe, {pod}: Attached): Promise<void> => {
  const outcome = await outcomeOf(kni.queryPodNetwork({id: pod.sandbox}));
  expectThat(
    outcome === 'NOT_FOUND',
    'QueryPodNetwork to answer NOT_FOUND afterwards',
    `the status is ${outcome}`,
  );
};

/** Throws Violation if the pod no longer has its addresses. */
export const expectUnchanged = async ({kni}: Probe, {pod, ipconfigs}: Attached): Promise<void> => {
  const expected = addressesOf(ipconfigs);
  let seen: string;
  try {
    seen = addressesOf((await kni.queryPodNetwork({id: pod.sandbox})).ipconfigs);
  } catch (error) {
    throw new Violation(
      `the other pod to keep ${expected}`,
      error instanceof Error ? error.message : String(error),
    );
  }
  expectThat(seen === expected, `the other pod to keep ${expected}`, `it has ${seen || 'no address'}`);
};

/** A pod whose first network is gone, and which has a second one. */
const recreated = async (probe: Probe): Promise<{readonly first: Attached; readonly second: Attached}> => {
  const first = await probe.up();
  await probe.down(first);
  const {namespace, name, uid} = first.pod;
  return {first, second: await probe.up(probe.pod({namespace, name, uid}))};
};

/** DeleteNetwork with only some of the fields that identify the network. */
const deletesBy = (
  id: string,
  what: string,
  request: (attached: Attached) => Parameters<Probe['kni']['deleteNetwork']>[0],
): Requirement => ({
  id,
  level: 'MUST',
  source: 'kni.proto: DeleteNetworkRequest',
  title: `deletes a network that is identified by ${what} only`,
  needs: 'socket',
  async run(probe) {
    const other = await probe.up();
    const attached = await probe.up();
    await probe.kni.deleteNetwork(request(attached));
    await expectGone(probe, attached);
    await expectUnchanged(probe, other);
  },
});

export const deletion: Group = {
  letter: 'D',
  name: 'delete',
  about: "DetachInterface and DeleteNetwork: the end of a pod's network",
  requirements: [
    {
      id: 'KNI-D01',
      level: 'MUST',
      source: 'kni.proto: every call is idempotent',
      title: 'accepts a repeated DetachInterface',
      needs: 'socket',
      async run({up, kni}) {
        const {pod} = await up();
        await kni.detachInterface(identityOf(pod));
        await kni.detachInterface(identityOf(pod));
      },
    },
    {
      id: 'KNI-D02',
      level: 'MUST',
      source: 'kni.proto: DetachInterface succeeds for an unknown sandbox',
      title: 'accepts DetachInterface for an unknown sandbox',
      needs: 'socket',
      async run({kni, pod}) {
        await kni.detachInterface(identityOf(pod()));
        await kni.detachInterface({id: pod().sandbox});
      },
    },
    {
      id: 'KNI-D03',
      level: 'MUST',
      source: 'kni.proto: every call is idempotent',
      title: 'accepts a repeated DeleteNetwork',
      needs: 'socket',
      async run({up, down}) {
        const attached = await up();
        await down(attached);
        await down(attached);
      },
    },
    {
      id: 'KNI-D04',
      level: 'MUST',
      source: 'kni.proto: DeleteNetwork succeeds for an unknown network',
      title: 'accepts DeleteNetwork for an unknown network',
      needs: 'socket',
      async run({kni, pod}) {
        const {sandbox, namespace, name, uid} = pod();
        for (const request of [{id: sandbox}, {namespace, name}, {extradata: {uid, attempt: '0'}}])
          await kni.deleteNetwork(request);
      },
    },
    {
      id: 'KNI-D05',
      level: 'MUST',
      source: 'kni.proto: DeleteNetwork first detaches interfaces',
      title: 'deletes a network that is still attached',
      needs: 'socket',
      async run(probe) {
        const attached = await probe.up();
        await probe.kni.deleteNetwork({...identityOf(attached.pod), netnsPath: attached.netns});
        await expectGone(probe, attached);
      },
    },
    deletesBy('KNI-D06', 'the sandbox id', ({pod}) => ({id: pod.sandbox})),
    deletesBy('KNI-D07', 'namespace and name', ({pod: {namespace, name}}) => ({namespace, name})),
    deletesBy('KNI-D08', 'the path of the netns', ({netns}) => ({netnsPath: netns})),
    deletesBy('KNI-D09', 'uid and attempt', ({pod: {uid, attempt}}) => ({extradata: {uid, attempt}})),
    {
      id: 'KNI-D10',
      level: 'MUST',
      source: 'kni.proto: DeleteNetworkRequest, order of the fields',
      title: 'deletes the sandbox of the id, not another sandbox of the same pod',
      needs: 'socket',
      async run(probe) {
        const first = await probe.up();
        const {namespace, name, uid} = first.pod;
        const second = await probe.up(probe.pod({namespace, name, uid, attempt: '1'}));
        await probe.kni.deleteNetwork({id: first.pod.sandbox, namespace, name});
        await expectGone(probe, first);
        await expectUnchanged(probe, second);
      },
    },
    {
      id: 'KNI-D11',
      level: 'MUST',
      source: 'kni.proto: DeleteNetworkRequest, order of the fields',
      title: 'keeps the new network of a pod when the deletion of its old one is repeated',
      needs: 'socket',
      async run(probe) {
        const {first, second} = await recreated(probe);
        const {sandbox: id, namespace, name} = first.pod;
        await probe.kni.deleteNetwork({id, namespace, name});
        await expectUnchanged(probe, second);
      },
    },
    {
      id: 'KNI-D12',
      level: 'MUST',
      source: 'kni.proto: DetachInterfaceRequest.id',
      title: 'keeps the new network of a pod when the detachment of its old one is repeated',
      needs: 'socket',
      async run(probe) {
        const {first, second} = await recreated(probe);
        const {sandbox: id, namespace, name} = first.pod;
        await probe.kni.detachInterface({id, namespace, name});
        await expectUnchanged(probe, second);
      },
    },
    {
      id: 'KNI-D13',
      level: 'MUST',
      source: 'kni.proto: DeleteNetworkRequest.id is empty if the sandbox was never created',
      title: 'deletes a network whose sandbox was never created',
      needs: 'node',
      async run({pod, create, kni, node}) {
        const {namespace, name, uid, attempt} = pod();
        const netns = await create({namespace, name, uid, attempt, sandbox: ''});
        await kni.deleteNetwork({namespace, name, netnsPath: netns, extradata: {uid, attempt}});
        const left = await node.run(['sh', ['-c', 'if [ -e "$1" ]; then echo "$1"; fi', 'sh', netns]]);
        expectThat(left === '', `no file at ${netns}`, 'it is still there');
      },
    },
    {
      id: 'KNI-D14',
      level: 'MUST',
      source: 'kni.proto: DeleteNetworkRequest',
      title: 'deletes no network for an empty DeleteNetwork or DetachInterface',
      needs: 'socket',
      async run(probe) {
        const attached = await probe.up();
        for (const call of [probe.kni.deleteNetwork({}), probe.kni.detachInterface({})])
          await outcomeOf(call);
        await expectUnchanged(probe, attached);
      },
    },
    {
      id: 'KNI-D15',
      level: 'MUST',
      source: 'CNI 1.1.0, DEL: completes without error if the netns is missing',
      title: 'deletes a network whose netns another program removed',
      needs: 'node',
      async run(probe) {
        const {pod, netns} = await probe.up();
        await probe.node.run(['sh', ['-c', 'umount --lazy "$1" && rm "$1"', 'sh', netns]]);
        await probe.kni.detachInterface({...identityOf(pod), isolation: {path: netns, type: 'netns'}});
        await probe.kni.deleteNetwork({...identityOf(pod), netnsPath: netns});
      },
    },
    {
      id: 'KNI-D16',
      level: 'MUST',
      source: 'CNI 1.1.0, DEL: completes without error if resources are missing',
      title: 'detaches a pod whose interface another program removed',
      needs: 'node',
      async run(probe) {
        const attached = await probe.up();
        await probe.node.runIn(attached.netns, ['ip', ['link', 'delete', 'eth0']]);
        await probe.down(attached);
      },
    },
    {
      id: 'KNI-D17',
      level: 'MUST',
      source: 'CRI: StopPodSandbox is called several times for one sandbox',
      title: 'accepts the calls of an ordinary deletion at the same time',
      needs: 'socket',
      async run(probe) {
        const attached = await probe.up();
        await Promise.all(Array.from({length: 5}, () => probe.down(attached)));
        await expectGone(probe, attached);
      },
    },
  ],
};
