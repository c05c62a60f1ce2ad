/** Kubelet and containerd restart while pods come and go. */

import {describe, expect, it} from 'vitest';
import {create, membersOf, namesOf, ready, remove} from '../crowd.ts';
import {kubectl, networksOfPods, onNode, removePods, worker} from '../rig.ts';

const crowd = 'churn';
const names = namesOf(crowd, 12);
const port = (index: number) => ({container: {ports: [{containerPort: 80, hostPort: 8200 + index}]}});

export const churn = (): void => {
  describe('restarts of kubelet and containerd while pods come and go', () => {
    it('end with as many networks as there are pods', async () => {
      await networksOfPods(worker);
      for (const [round, unit] of ['kubelet', 'containerd', 'kubelet', 'containerd'].entries()) {
        await create(crowd, names, port);
        await onNode(worker, 'systemctl', 'restart', unit);
        const leaving = names.filter((_, index) => index % 4 === round);
        await kubectl('delete', 'pods', ...leaving, '--wait=false', '--ignore-not-found');
        await onNode(worker, 'systemctl', 'restart', unit);
        await removePods(...leaving);
      }
      await create(crowd, names, port);
      await ready(crowd, names.length);
      await networksOfPods(worker, {hostPorts: names.length});
      expect(new Set((await membersOf(crowd)).map(({ip}) => ip)).size).toBe(names.length);
      await remove(crowd);
      await networksOfPods(worker);
    });
  });
};
