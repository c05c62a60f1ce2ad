/** A cluster of another owner. Creates a container that looks like a kind node, and removes it. */

import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {ownerDirectoryOf} from '../../../src/cluster/ownership.ts';
import {exitCodes} from '../../../src/exit-codes.ts';
import {cluster, controlPlane, dirs, run, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {kniDemo} from '../../rig/cluster/kni-demo.ts';

useCluster();

describe('a cluster of another owner', () => {
  const foreign = 'kni-e2e-foreign';

  it('is neither used nor removed', async () => {
    const image = await run(
      'docker',
      'images',
      '--filter',
      'reference=kni-demo/base',
      '--format',
      '{{.Repository}}:{{.Tag}}',
    );
    const labels = [`io.x-k8s.kind.cluster=${foreign}`, 'io.x-k8s.kind.role=control-plane'];
    const name = `${foreign}-control-plane`;
    await run('docker', 'rm', '--force', name); // from an interrupted run
    await run(
      'docker',
      'create',
      '--name',
      name,
      ...labels.flatMap((label) => ['--label', label]),
      image.split('\n')[0] ?? '',
      'true',
    );
    try {
      const up = await kniDemo('up', '--quiet', '--name', foreign);
      expect(up.exitCode).toBe(exitCodes.conflict);
      expect(up.stderr).toContain(`cluster ${foreign} was not made by kni-demo`);
      const down = await kniDemo('down', '--yes', '--name', foreign);
      expect(down.exitCode).toBe(exitCodes.conflict);
      expect(await run('docker', 'ps', '--all', '--quiet', '--filter', `name=${name}`)).not.toBe('');
    } finally {
      await run('docker', 'rm', name);
    }
  });

  it('is what our cluster is to a user with another state directory', async () => {
    const owner = await ownerDirectoryOf(dirs, cluster);
    for (const node of [controlPlane, worker]) {
      const mounts = await run(
        'docker',
        'ps',
        '--all',
        '--no-trunc',
        '--filter',
        `name=^${node}$`,
        '--format',
        '{{.Mounts}}',
      );
      expect(mounts.trim().split(',')).toContain(owner);
    }
    const state = await mkdtemp(join(tmpdir(), 'kni-other-state-'));
    const mine = process.env['XDG_STATE_HOME'];
    process.env['XDG_STATE_HOME'] = state;
    try {
      for (const command of [['down', '--yes'], ['networks'], ['up', '--quiet']]) {
        const {exitCode, stderr} = await kniDemo(...command, '--name', cluster);
        expect(stderr).toContain(`cluster ${cluster} belongs to another user: `);
        expect(exitCode).toBe(exitCodes.conflict);
      }
      const all = await kniDemo('down', '--all');
      expect(all).toMatchObject({
        exitCode: exitCodes.ok,
        stdout: 'nothing to remove: kni-demo has made nothing here\n',
      });
    } finally {
      if (mine === undefined) delete process.env['XDG_STATE_HOME'];
      else process.env['XDG_STATE_HOME'] = mine;
      await rm(state, {recursive: true});
    }
  });
});
