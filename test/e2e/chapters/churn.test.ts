/** Kubelet and containerd restart while pods are created and deleted. */

import {describe, expect, it} from 'vitest';
import {apply, kubectl, onNode, shell, worker} from '../../rig/cluster/cluster.ts';
import {create, membersOf, namesOf, ready, remove} from '../../rig/cluster/crowd.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {removePods, samplePod} from '../../rig/cluster/pods.ts';
import {networksOfPods, tracesOn} from '../../rig/cluster/traces.ts';
import {until} from '../../rig/wait.ts';

const crowd = 'churn';
const names = namesOf(crowd, 12);
const port = (index: number) => ({container: {ports: [{containerPort: 80, hostPort: 8200 + index}]}});

useCluster();

describe('restarts of kubelet and containerd while pods are created and deleted', () => {
  it('leave exactly one network for each pod', async () => {
    await networksOfPods(worker);
    for (const [round, unit] of ['kubelet', 'containerd', 'kubelet', 'containerd'].entries()) {
      await create(crowd, names, port);
      await onNode(worker, 'systemctl', 'restart', unit);
      const leaving = names.filter((_, index) => index % 4 === round);
      await kubectl('delete', 'pods', ...leaving, '--wait=false', '--ignore-not-found');
      await onNode(worker, 'systemctl', 'restart', unit);
      await removePods(...leaving);
    }
    await create(crowd, names, port);
    await ready(crowd, names.length);
    await networksOfPods(worker, {hostPorts: names.length});
    expect(new Set((await membersOf(crowd)).map(({ip}) => ip)).size).toBe(names.length);
    await remove(crowd);
    await networksOfPods(worker);
  });
});

describe('a kubelet that is killed before containerd creates the sandbox of a pod', () => {
  it('leaves no network if the pod is deleted before the next kubelet runs', async () => {
    const before = await tracesOn(worker);
    await onNode(worker, 'systemctl', 'kill', '--kill-who=main', '--signal=STOP', 'containerd');
    try {
      await apply(samplePod('unborn', {}));
      await until('the pod to have a netns', async () => {
        const {netns, records} = await tracesOn(worker);
        return netns.length > before.netns.length && records.length > before.records.length;
      });
      // The kubelet now waits for containerd, so only the kubelet and the runtime know of the netns.
      await onNode(worker, 'systemctl', 'kill', '--signal=KILL', 'kubelet');
      await kubectl('delete', 'pod', 'unborn', '--force', '--grace-period=0');
    } finally {
      await onNode(worker, 'systemctl', 'kill', '--kill-who=main', '--signal=CONT', 'containerd');
    }
    await until('the next kubelet to run', () => shell(worker, 'systemctl is-active kubelet'));
    expect(await networksOfPods(worker)).toBe(true);
  });
});
