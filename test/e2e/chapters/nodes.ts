/** What the nodes of a fresh cluster are like. */
import {describe, expect, it} from 'vitest';
import {conditionOf, controlPlane, onNode, shell, worker} from '../rig.ts';

export const nodes = (): void => {
  describe('the nodes', () => {
    it('run the runtime as a systemd unit that was up before the kubelet', async () => {
      for (const node of [controlPlane, worker]) {
        expect(await onNode(node, 'systemctl', 'is-active', 'kni')).toBe('active');
        const since = async (unit: string): Promise<number> =>
          Number(
            await onNode(
              node,
              'systemctl',
              'show',
              unit,
              '--value',
              '--property=ActiveEnterTimestampMonotonic',
            ),
          );
        expect(await since('kni')).toBeLessThan(await since('kubelet'));
      }
    });

    it('keep the socket to root', async () => {
      const modes = await onNode(worker, 'stat', '-c', '%a %U %F', '/run/kni', '/run/kni/kni.sock');
      expect(modes.split('\n')).toEqual(['700 root directory', '600 root socket']);
    });

    it('are Ready with no CNI configuration that containerd could see', async () => {
      for (const node of [controlPlane, worker]) {
        expect(await conditionOf('node', node)).toBe('True');
        expect(await shell(node, 'ls /etc/cni/net.d 2>/dev/null || true')).toBe('');
      }
    });
  });
};
