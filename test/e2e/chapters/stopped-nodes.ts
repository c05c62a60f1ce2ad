/** Nodes that were stopped, and up. */
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {
  cluster,
  controlPlane,
  kniDemo,
  named,
  networksOfPods,
  podIp,
  removePods,
  run,
  sample,
  tracesOn,
  worker,
} from '../rig.ts';

export const stoppedNodes = (): void => {
  describe('nodes that were stopped', () => {
    it('are started again by up, with pods that are proved anew and nothing left of before', async () => {
      await removePods('--all');
      await run('docker', 'stop', '--time', '5', controlPlane, worker);
      const {exitCode, stdout} = await kniDemo('up', '--quiet', ...named);
      expect(exitCode).toBe(exitCodes.ok);
      expect(stdout).toContain(`Cluster ${cluster} is up.`);
      await networksOfPods(worker);
      const {netns, addresses, records, veths} = await tracesOn(worker);
      expect(addresses).toEqual([await podIp(sample)]);
      expect([netns.length, records.length, veths]).toEqual([1, 1, 1]);
    });
  });
};
