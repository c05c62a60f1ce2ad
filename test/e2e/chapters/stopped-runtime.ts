/** The runtime, the kubelet and containerd stop and start under pods that live on. */
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {
  conditionOf,
  eventually,
  kniDemo,
  kubectl,
  named,
  nodeMessage,
  onNode,
  podIp,
  podReady,
  sample,
  shell,
  tracesOn,
  value,
  worker,
} from '../rig.ts';

export const stoppedRuntime = (): void => {
  describe('a runtime that stops', () => {
    const identity = async () => [
      await value('.metadata.uid', 'pod', sample),
      await podIp(sample),
      await value('.status.containerStatuses[0].restartCount', 'pod', sample),
      await value('.status.containerStatuses[0].containerID', 'pod', sample),
    ];

    it('makes its node NotReady with the reason, and Ready again when it is back, pods kept', async () => {
      const before = await identity();
      await onNode(worker, 'systemctl', 'stop', 'kni');
      const message = await eventually('the worker to be NotReady', async () =>
        (await conditionOf('node', worker)) === 'False' ? nodeMessage(worker) : undefined,
      );
      expect(message).toContain('KNI network runtime is not reachable at unix:///run/kni/kni.sock');
      await onNode(worker, 'systemctl', 'start', 'kni');
      await eventually('the worker to be Ready', async () => (await conditionOf('node', worker)) === 'True');
      await podReady(sample);
      expect(await identity()).toEqual(before);
    });

    it('does not keep a pod from being deleted for longer than it is away', async () => {
      const before = await tracesOn(worker);
      await kniDemo('pod', 'create', 'orphan', ...named, '--node', worker);
      await onNode(worker, 'systemctl', 'stop', 'kni');
      await kubectl('delete', 'pod', 'orphan', '--wait=false');
      // The kubelet has to have tried while nobody answered: from now on it must remember.
      await eventually('the kubelet to say that it will be released later', async () =>
        (await shell(worker, 'journalctl -u kubelet -o cat --no-pager')).includes(
          'retrying its release in the background',
        ),
      );
      await onNode(worker, 'systemctl', 'start', 'kni');
      await eventually(
        'the pod to be gone',
        async () => (await value('.metadata.name', 'pod', 'orphan')) === '',
      );
      await eventually('nothing to be left of the pod', async () => {
        expect(await tracesOn(worker)).toEqual(before);
        return true;
      });
    });

    it('does not cost a pod its network when the kubelet restarts meanwhile', async () => {
      const before = await identity();
      await onNode(worker, 'systemctl', 'stop', 'kni');
      await onNode(worker, 'systemctl', 'restart', 'kubelet');
      await eventually(
        'the worker to be NotReady',
        async () => (await conditionOf('node', worker)) === 'False',
      );
      expect(await shell(worker, 'systemctl is-active kni || true')).toBe('inactive');
      await onNode(worker, 'systemctl', 'start', 'kni');
      await eventually('the worker to be Ready', async () => (await conditionOf('node', worker)) === 'True');
      await podReady(sample);
      expect(await identity()).toEqual(before);
    });

    it('nor do kubelet and containerd cost a pod its address when they restart', async () => {
      const before = await identity();
      for (const unit of ['kubelet', 'containerd', 'kni']) {
        await onNode(worker, 'systemctl', 'restart', unit);
        await eventually(
          `${unit} to be active`,
          async () => (await onNode(worker, 'systemctl', 'is-active', unit)) === 'active',
        );
      }
      // A lease renewed after the restarts, not one from before them: every 10 s.
      const renewed = () => value('.spec.renewTime', '-n', 'kube-node-lease', 'lease', worker);
      const last = await renewed();
      await eventually('the kubelet to report again', async () => (await renewed()) !== last);
      await eventually('the worker to be Ready', async () => (await conditionOf('node', worker)) === 'True');
      await podReady(sample);
      expect(await identity()).toEqual(before);
      expect(await kubectl('exec', sample, '--', 'ip', 'addr', 'show', 'eth0')).toContain(
        `inet ${await podIp(sample)}/`,
      );
      expect((await kniDemo('pod', 'create', 'after', ...named, '--node', worker)).exitCode).toBe(
        exitCodes.ok,
      );
    });
  });
};
