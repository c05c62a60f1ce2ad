/** `compare` measures the same pods through CNI and KNI on one worker. */

import {expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {controlPlane, named, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {kniDemo} from '../../rig/cluster/kni-demo.ts';
import {networksOfPods} from '../../rig/cluster/traces.ts';

useCluster();

it('shows who does what, and how long it takes', async () => {
  const {exitCode, stdout, stderr} = await kniDemo('compare', ...named, '--pods', '4', '--json');
  expect(exitCode).toBe(exitCodes.ok);
  expect(stderr).toContain(`switching ${worker} to CNI`);
  const result = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  const times = (most: number) => ({
    n: 4,
    median: expect.toSatisfy((ms: number) => ms > 10 && ms < most),
    p95: expect.toSatisfy((ms: number) => ms > 10 && ms < most),
  });
  const all = {
    sandboxToContainer: times(30_000),
    pluginToContainer: times(30_000),
    createToReady: times(90_000),
  };
  expect(result).toMatchObject({
    type: 'result',
    command: 'compare',
    exitCode: 0,
    node: worker,
    cni: {programs: ['loopback', 'bridge', 'host-local', 'portmap'], times: all},
    kni: {programs: ['bridge', 'host-local', 'portmap'], times: all},
  });
  for (const side of [result.cni, result.kni])
    expect(side.times.sandboxToContainer.median).toBeGreaterThan(side.times.pluginToContainer.median);
  // A lease, a netns, and the results of two networks; and a lease, a netns and the kubelet's addresses. None of other pods.
  expect([result.cni.files.length, result.kni.files.length]).toEqual([4, 3]);
  expect(result.cni.files.join('\n')).toMatch(/\/run\/netns\/cni-.*\n(.*\n)*.*\/var\/lib\/cni\/results\//);
  expect(result.kni.files.join('\n')).toMatch(/^\/run\/netns\/kni-/);
  expect(result.kni.files.join('\n')).not.toContain('/var/lib/cni');
  await networksOfPods(worker);
});

it('refuses a control plane and an unknown node, and changes nothing', async () => {
  for (const node of [controlPlane, 'unheard-of'])
    expect(await kniDemo('compare', ...named, '--node', node)).toMatchObject({
      exitCode: exitCodes.badInput,
      stderr: expect.stringContaining(node),
    });
});
