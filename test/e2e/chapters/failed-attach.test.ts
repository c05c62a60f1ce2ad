/** A failed attach is rolled back. Replaces a plugin on the worker for a while. */

import {describe, expect, it, onTestFinished} from 'vitest';
import {apply, shell, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {conditionOf} from '../../rig/cluster/nodes.ts';
import {eventsOf, podReady, removePods, samplePod} from '../../rig/cluster/pods.ts';
import {tracesLike, tracesOn} from '../../rig/cluster/traces.ts';
import {until} from '../../rig/wait.ts';

useCluster();

describe('an attach that fails', () => {
  it('is rolled back, and succeeds once the plugin works again', async () => {
    const before = await tracesOn(worker);
    // The last plugin of the chain fails, so the work of the plugins before it has to be undone.
    const broken = [
      '#!/bin/sh',
      'cat >/dev/null',
      '[ "$CNI_COMMAND" = ADD ] || exit 0',
      `echo '{"cniVersion":"1.0.0","code":100,"msg":"broken on purpose"}'`,
      'exit 1',
    ];
    await shell(
      worker,
      `mv /opt/cni/bin/portmap /opt/cni/bin/portmap.kept
       cat >/opt/cni/bin/portmap <<'END'\n${broken.join('\n')}\nEND
     chmod 755 /opt/cni/bin/portmap`,
    );
    const restore = () =>
      shell(
        worker,
        'test ! -e /opt/cni/bin/portmap.kept || mv /opt/cni/bin/portmap.kept /opt/cni/bin/portmap',
      );
    onTestFinished(async () => void (await restore()));
    await apply(samplePod('unlucky', {}));
    await until('the failure to be reported', async () =>
      (await eventsOf('unlucky')).includes('broken on purpose'),
    );
    expect(await conditionOf('pod', 'unlucky')).not.toBe('True'); // False or not set yet
    await until('the attempts to leave neither address nor veth', async () => {
      const {addresses, veths} = await tracesOn(worker);
      return addresses.join() === before.addresses.join() && veths === before.veths;
    });
    await restore();
    await podReady('unlucky');
    const after = await tracesOn(worker);
    expect(after.addresses).toHaveLength(before.addresses.length + 1);
    expect(after.netns).toHaveLength(before.netns.length + 1);
    expect(after.records).toHaveLength(before.records.length + 1);
    await removePods('unlucky');
    await tracesLike(worker, before);
  });
});
