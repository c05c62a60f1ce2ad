/** Down, the end of the story. */
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {cluster, conditionOf, controlPlane, kniDemo, named, run, worker} from '../rig.ts';

export const down = (): void => {
  describe('down', () => {
    it('asks first', async () => {
      const {exitCode, stdout} = await kniDemo('down', ...named);
      expect(exitCode).toBe(exitCodes.badInput);
      expect(stdout).toContain(`cluster ${cluster}: ${controlPlane}, ${worker}`);
      expect(await conditionOf('node', worker)).toBe('True');
    });

    it('removes the cluster, and has nothing to do the second time', async () => {
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
      expect(again.stdout).toContain(`there is no cluster ${cluster}`);
    });
  });
};
