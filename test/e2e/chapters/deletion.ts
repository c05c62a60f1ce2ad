/** What goes with a pod. */
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {eventually, kniDemo, named, podIp, removePods, tracesOn, worker} from '../rig.ts';

export const deletion = (): void => {
  describe('a deletion', () => {
    it('takes netns, address, record and veth with it', async () => {
      const before = await tracesOn(worker);
      const doomed = await kniDemo('pod', 'create', 'doomed', ...named, '--node', worker);
      expect(doomed.exitCode).toBe(exitCodes.ok);
      const ip = await podIp('doomed');
      const during = await tracesOn(worker);
      expect(during.addresses).toContain(ip);
      expect(during.netns).toHaveLength(before.netns.length + 1);
      expect(during.records).toHaveLength(before.records.length + 1);
      expect(during.veths).toBe(before.veths + 1);
      await removePods('doomed');
      await eventually('nothing to be left of the pod', async () => {
        expect(await tracesOn(worker)).toEqual(before);
        return true;
      });
    });
  });
};
