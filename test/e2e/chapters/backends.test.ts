/** The backend of pod routing changes on a running cluster. Ends with host-gw. */

import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {apply, controlPlane, kubectl, named, onNode, shell, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {kniDemo} from '../../rig/cluster/kni-demo.ts';
import {podIp, podReady, reaches, samplePod} from '../../rig/cluster/pods.ts';
import {until} from '../../rig/wait.ts';

const tunnel = 'kni.vxlan';
const [near, far, later] = ['near-by', 'far-off', 'later'] as const;

useCluster();

describe('the backend of a running cluster', () => {
  it('routes pods through the tunnel after a change to vxlan', async () => {
    await apply(samplePod(near, {}));
    await apply(samplePod(far, {spec: {nodeName: controlPlane}}));
    await podReady(near);
    await podReady(far);
    await choose('vxlan');
    await until('the route to lead into the tunnel', async () => (await routeToFar()).includes(tunnel));
    const before = await received();
    await reaches(near, await podIp(far));
    await reaches(far, await podIp(near));
    expect(await received()).toBeGreaterThan(before);
  });

  it('gives new pods an MTU that fits the tunnel', async () => {
    await apply(samplePod(later, {}));
    await podReady(later);
    const [mtu, outer] = [await mtuIn(later), Number(await shell(worker, 'cat /sys/class/net/eth0/mtu'))];
    expect(mtu).toBe(outer - 50);
    await reaches(later, await podIp(far), '-s', String(mtu - 28));
  });

  it('removes the tunnel after a change back to host-gw', async () => {
    await choose('host-gw');
    await until('the route to lead to the other node', async () => (await routeToFar()).includes('eth0'));
    await reaches(near, await podIp(far));
    for (const node of [controlPlane, worker])
      expect(await onNode(node, 'ip', '-o', 'link')).not.toContain(tunnel);
  });
});

const choose = async (backend: string): Promise<void> => {
  const {exitCode} = await kniDemo('up', ...named, '--backend', backend, '--yes');
  expect(exitCode).toBe(exitCodes.ok);
};

/** The worker's route to the pod on the control plane. */
const routeToFar = async (): Promise<string> => onNode(worker, 'ip', 'route', 'get', await podIp(far));

const received = async (): Promise<number> =>
  Number(await shell(worker, `cat /sys/class/net/${tunnel}/statistics/rx_packets`));

const mtuIn = async (pod: string): Promise<number> =>
  Number(await kubectl('exec', pod, '--', 'cat', '/sys/class/net/eth0/mtu'));
