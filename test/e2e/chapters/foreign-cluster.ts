/** A cluster that somebody else made. */
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {kniDemo, run} from '../rig.ts';

export const foreignCluster = (): void => {
  describe('a cluster that somebody else made', () => {
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
      await run('docker', 'rm', '--force', name); // of a run that was killed
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
  });
};
