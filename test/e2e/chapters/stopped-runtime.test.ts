/** The runtime, the kubelet and containerd restart while pods keep running. */

import {afterEach, describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {kubectl, named, onNode, shell, value, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {kniDemo} from '../../rig/cluster/kni-demo.ts';
import {conditionOf, leaseRenewed, nodeMessage, nodeReadiness} from '../../rig/cluster/nodes.ts';
import {podIp, podReady, sample} from '../../rig/cluster/pods.ts';
import {tracesLike, tracesOn} from '../../rig/cluster/traces.ts';
import {until} from '../../rig/wait.ts';

useCluster();

describe('a runtime that stops', () => {
  afterEach(() => onNode(worker, 'systemctl', 'start', 'kni'));

  const identity = async () => [
    await value('.metadata.uid', 'pod', sample),
    await podIp(sample),
    await value('.status.containerStatuses[0].restartCount', 'pod', sample),
    await value('.status.containerStatuses[0].containerID', 'pod', sample),
  ];

  it('makes its node NotReady with a reason until it is back, and pods keep their network', async () => {
    const before = await identity();
    await onNode(worker, 'systemctl', 'stop', 'kni');
    const message = await until('the worker to be NotReady', async () =>
      (await conditionOf('node', worker)) === 'False' ? nodeMessage(worker) : undefined,
    );
    expect(message).toContain('KNI network runtime is not reachable at unix:///run/kni/kni.sock');
    await onNode(worker, 'systemctl', 'start', 'kni');
    await nodeReadiness(worker, 'True');
    await podReady(sample);
    expect(await identity()).toEqual(before);
  });

  it('delays the deletion of a pod only until it is back', async () => {
    const before = await tracesOn(worker);
    await kniDemo('pod', 'create', 'orphan', ...named, '--node', worker);
    await onNode(worker, 'systemctl', 'stop', 'kni');
    await kubectl('delete', 'pod', 'orphan', '--wait=false');
    // From then on the kubelet has to retry by itself.
    await until('the kubelet to put off the release of the network', async () =>
      (await shell(worker, 'journalctl -u kubelet -o cat --no-pager --since=-5min'))
        .split('\n')
        .some(
          (line) =>
            line.includes('is not released yet, retrying in the background') && line.includes('/orphan '),
        ),
    );
    await onNode(worker, 'systemctl', 'start', 'kni');
    await until('the pod to be gone', async () => (await value('.metadata.name', 'pod', 'orphan')) === '');
    expect(await tracesLike(worker, before)).toBe(true);
  });

  it('does not cost a pod its network if the kubelet restarts while the runtime is down', async () => {
    const before = await identity();
    await onNode(worker, 'systemctl', 'stop', 'kni');
    await onNode(worker, 'systemctl', 'restart', 'kubelet');
    await nodeReadiness(worker, 'False');
    expect(await shell(worker, 'systemctl is-active kni || true')).toBe('inactive');
    await onNode(worker, 'systemctl', 'start', 'kni');
    await nodeReadiness(worker, 'True');
    await podReady(sample);
    expect(await identity()).toEqual(before);
  });

  it('does not cost a pod its address if it restarts with kubelet and containerd', async () => {
    const before = await identity();
    for (const unit of ['kubelet', 'containerd', 'kni']) {
      await onNode(worker, 'systemctl', 'restart', unit);
      await until(
        `${unit} to be active`,
        async () => (await onNode(worker, 'systemctl', 'is-active', unit)) === 'active',
      );
    }
    // Until then the node's condition may be from before the restarts.
    await leaseRenewed(worker);
    await nodeReadiness(worker, 'True');
    await podReady(sample);
    expect(await identity()).toEqual(before);
    expect(await kubectl('exec', sample, '--', 'ip', 'addr', 'show', 'eth0')).toContain(
      `inet ${await podIp(sample)}/`,
    );
    expect((await kniDemo('pod', 'create', 'after', ...named, '--node', worker)).exitCode).toBe(exitCodes.ok);
  });
});
