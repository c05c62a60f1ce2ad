/** How the runtime is installed on the nodes. Changes nothing. */

import {describe, expect, it} from 'vitest';
import {controlPlane, onNode, shell, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {conditionOf} from '../../rig/cluster/nodes.ts';

useCluster();

describe('the nodes', () => {
  it('run the runtime as a systemd unit that starts before the kubelet', async () => {
    for (const node of [controlPlane, worker]) {
      expect(await onNode(node, 'systemctl', 'is-active', 'kni')).toBe('active');
      const after = await onNode(node, 'systemctl', 'show', 'kubelet', '--value', '--property=After');
      expect(after.split(' ')).toContain('kni.service');
    }
  });

  it('give access to the socket to root only', async () => {
    const modes = await onNode(worker, 'stat', '-c', '%a %U %F', '/run/kni', '/run/kni/kni.sock');
    expect(modes.split('\n')).toEqual(['700 root directory', '600 root socket']);
  });

  it('are Ready without a CNI configuration for containerd', async () => {
    for (const node of [controlPlane, worker]) {
      expect(await conditionOf('node', node)).toBe('True');
      expect(await shell(node, 'ls /etc/cni/net.d 2>/dev/null || true')).toBe('');
    }
  });
});
