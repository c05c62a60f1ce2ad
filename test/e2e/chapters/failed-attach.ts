/** An attach that fails, and what is left of it. */
import {describe, expect, it} from 'vitest';
import {
  apply,
  conditionOf,
  eventually,
  kubectl,
  podReady,
  removePods,
  samplePod,
  shell,
  tracesOn,
  worker,
} from '../rig.ts';

export const failedAttach = (): void => {
  describe('an attach that fails', () => {
    it('is undone, and succeeds once the cause is gone', async () => {
      const before = await tracesOn(worker);
      // The chain's last plugin fails: what those before it made has to be undone.
      const broken = [
        '#!/bin/sh',
        'cat >/dev/null',
        '[ "$CNI_COMMAND" = ADD ] || exit 0',
        `echo '{"cniVersion":"1.0.0","code":100,"msg":"broken on purpose"}'`,
        'exit 1',
      ];
      await shell(
        worker,
        `mv /usr/lib/cni/portmap /usr/lib/cni/portmap.kept
       cat >/usr/lib/cni/portmap <<'END'\n${broken.join('\n')}\nEND
       chmod 755 /usr/lib/cni/portmap`,
      );
      await apply(samplePod('unlucky', {}));
      await eventually('the failure to be reported', async () =>
        (
          await kubectl(
            'get',
            'events',
            '--field-selector=involvedObject.name=unlucky',
            '-o',
            'jsonpath={.items[*].message}',
          )
        ).includes('broken on purpose'),
      );
      expect(await conditionOf('pod', 'unlucky')).not.toBe('True'); // False, or not told yet
      await eventually('the attempts to leave no address and no veth', async () => {
        const {addresses, veths} = await tracesOn(worker);
        return addresses.join() === before.addresses.join() && veths === before.veths;
      });
      await shell(worker, 'mv /usr/lib/cni/portmap.kept /usr/lib/cni/portmap');
      await podReady('unlucky');
      const after = await tracesOn(worker);
      expect(after.addresses).toHaveLength(before.addresses.length + 1);
      expect(after.netns).toHaveLength(before.netns.length + 1);
      expect(after.records).toHaveLength(before.records.length + 1);
      await removePods('unlucky');
      await eventually('nothing to be left of the pod', async () => {
        expect(await tracesOn(worker)).toEqual(before);
        return true;
      });
    });
  });
};
