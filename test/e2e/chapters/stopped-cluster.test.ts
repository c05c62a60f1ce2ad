/** `up` after the nodes were stopped, or restarted by docker. */

import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {cluster, controlPlane, named, run, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {kniDemo} from '../../rig/cluster/kni-demo.ts';
import {networksOfPods} from '../../rig/cluster/traces.ts';

useCluster();

describe('stopped nodes', () => {
  it('are started by up, which proves the sample pod again, and keep nothing of old networks', async () => {
    await run('docker', 'stop', '--time', '5', controlPlane, worker);
    const {exitCode, stdout} = await kniDemo('up', '--quiet', ...named);
    expect(exitCode).toBe(exitCodes.ok);
    expect(stdout).toContain(`Cluster ${cluster} is up.`);
    await networksOfPods(worker);
  });

  it('are waited for by up after docker has restarted them, as after a reboot of the host', async () => {
    await run('docker', 'restart', '--time', '5', controlPlane, worker);
    const {exitCode, stdout} = await kniDemo('up', '--quiet', ...named);
    expect(exitCode).toBe(exitCodes.ok);
    // If `up` had to wait for another kni-demo, the nodes may be Ready by themselves.
    expect(stdout).toMatch(new RegExp(`Cluster ${cluster} is up(\\.| already)`));
    await networksOfPods(worker);
  });
});
