/** Up: from nothing, or from what was cancelled, to a cluster with a proved pod. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {cluster, dirs, kniDemo, named, run, sample, start, value} from '../rig.ts';

export const up = (): void => {
  describe('up', () => {
    it('is cancelled by Ctrl-C while the cluster is made', async () => {
      const cancelled = start('up', '--stack', 'bookworm', '--yes', '--quiet', ...named);
      await cancelled.printed('[setup/cluster] started');
      cancelled.interrupt();
      const {exitCode, stderr} = await cancelled.ended;
      expect(stderr).toContain('cancelled');
      expect(exitCode).toBe(exitCodes.cancelled);
    }, 3_000_000);

    it('goes on from there to a cluster with a proved pod', async () => {
      const {exitCode, stdout, stderr} = await kniDemo(
        'up',
        '--stack',
        'bookworm',
        '--yes',
        '--quiet',
        ...named,
      );
      expect(stderr).toBe('');
      expect(exitCode).toBe(exitCodes.ok);
      expect(stdout).not.toContain('[build/kubernetes] started');
      expect(stdout).toContain(`Cluster ${cluster} is up.`);
    });

    it('changes nothing on a running cluster, and says so', async () => {
      const identity = async () => [
        await run(
          'docker',
          'ps',
          '--no-trunc',
          '--format',
          '{{.ID}} {{.Names}}',
          '--filter',
          `name=${cluster}`,
        ),
        await value('.metadata.uid', 'pod', sample),
      ];
      const before = await identity();
      const {exitCode, stdout} = await kniDemo('up', '--quiet', ...named);
      expect(exitCode).toBe(exitCodes.ok);
      expect(stdout).toContain('nothing was changed');
      expect(await identity()).toEqual(before);
    });

    it("leaves the user's kubeconfig alone and writes its own", async () => {
      expect(await readFile(process.env['KUBECONFIG'] ?? '', 'utf8')).toContain('current-context: mine');
      const own = await readFile(join(dirs.state, 'clusters', cluster, 'kubeconfig'), 'utf8');
      expect(own).toContain(`kind-${cluster}`);
    });
  });
};
