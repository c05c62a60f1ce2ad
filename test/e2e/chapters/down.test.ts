/** `down` removes the cluster. Skipped with KNI_E2E_CLUSTER, which names a cluster to keep. */

import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {cluster, controlPlane, lent, named, run, worker} from '../../rig/cluster/cluster.ts';
import {useClusterOnce} from '../../rig/cluster/fixture.ts';
import {kniDemo} from '../../rig/cluster/kni-demo.ts';
import {conditionOf} from '../../rig/cluster/nodes.ts';

useClusterOnce();

describe.skipIf(lent)('down', () => {
  it('removes nothing without confirmation', async () => {
    const {exitCode, stdout} = await kniDemo('down', ...named);
    expect(exitCode).toBe(exitCodes.badInput);
    expect(stdout).toContain(`cluster ${cluster}: ${controlPlane}, ${worker}`);
    expect(await conditionOf('node', worker)).toBe('True');
  });

  it('removes the cluster, and reports the second time that it is gone', async () => {
    const danglingVolumes = () => run('docker', 'volume', 'ls', '--quiet', '--filter', 'dangling=true');
    const before = await danglingVolumes();
    const {exitCode} = await kniDemo('down', ...named, '--yes');
    expect(exitCode).toBe(exitCodes.ok);
    expect(
      await run('docker', 'ps', '--all', '--quiet', '--filter', `label=io.x-k8s.kind.cluster=${cluster}`),
    ).toBe('');
    expect(await danglingVolumes()).toBe(before);
    const again = await kniDemo('down', ...named, '--yes');
    expect(again.exitCode).toBe(exitCodes.ok);
    expect(again.stdout).toContain(`cluster ${cluster} does not exist`);
  });
});
