/** How nodes reach each other's pods is changed on a running cluster, and back. */

import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {
  apply,
  controlPlane,
  eventually,
  kniDemo,
  kubectl,
  named,
  onNode,
  podIp,
  podReady,
  reaches,
  removePods,
  samplePod,
  shell,
  worker,
} from '../rig.ts';

const tunnel = 'kni.vxlan';
const [near, far, later] = ['near-by', 'far-off', 'later'] as const;

export const backends = (): void => {
  describe('the backend of a running cluster', () => {
    it('may become vxlan, and its pods reach each other through the tunnel', async () => {
      await apply(samplePod(near, {}));
      await apply(samplePod(far, {spec: {nodeName: controlPlane}}));
      await podReady(near);
      await podReady(far);
      await choose('vxlan');
      await eventually('the routes to lead into the tunnel', async () =>
        (await routeToFar()).includes(tunnel),
      );
      const before = await received();
      await reaches(near, await podIp(far));
      await reaches(far, await podIp(near));
      expect(await received()).toBeGreaterThan(before);
    });

    it('makes packets of new pods small enough for it', async () => {
      await apply(samplePod(later, {}));
      await podReady(later);
      const [mtu, outer] = [await mtuIn(later), Number(await shell(worker, 'cat /sys/class/net/eth0/mtu'))];
      expect(mtu).toBe(outer - 50);
      await reaches(later, await podIp(far), '-s', String(mtu - 28));
    });

    it('may become host-gw again, with nothing left of the tunnel', async () => {
      await choose('host-gw');
      await eventually('the routes to lead to the other node', async () =>
        (await routeToFar()).includes('eth0'),
      );
      await reaches(near, await podIp(far));
      for (const node of [controlPlane, worker])
        expect(await onNode(node, 'ip', '-o', 'link')).not.toContain(tunnel);
      await removePods(near, far, later);
    });
  });
};

const choose = async (backend: string): Promise<void> => {
  const {exitCode} = await kniDemo('up', ...named, '--backend', backend, '--yes');
  expect(exitCode).toBe(exitCodes.ok);
};

/** On the worker. */
const routeToFar = async (): Promise<string> => onNode(worker, 'ip', 'route', 'get', await podIp(far));

const received = async (): Promise<number> =>
  Number(await shell(worker, `cat /sys/class/net/${tunnel}/statistics/rx_packets`));

const mtuIn = async (pod: string): Promise<number> =>
  Number(await kubectl('exec', pod, '--', 'cat', '/sys/class/net/eth0/mtu'));
