/** A node restarts by itself: nobody calls `up`. */

import {describe, expect, it} from 'vitest';
import {create, membersOf, namesOf, ready, remove} from '../crowd.ts';
import {conditionOf, eventually, networksOfPods, podReady, run, sample, value, worker} from '../rig.ts';

const crowd = 'survivors';
const names = namesOf(crowd, 5);

export const restartedNode = (): void => {
  describe('a node that restarts', () => {
    it('comes back by itself, its pods with networks of their own again and nothing left of the old', async () => {
      await networksOfPods(worker);
      await create(crowd, names);
      await ready(crowd, names.length);
      const old = await membersOf(crowd);
      await networksOfPods(worker);
      const renewed = () => value('.spec.renewTime', '-n', 'kube-node-lease', 'lease', worker);
      await run('docker', 'restart', '--time', '5', worker);
      const last = await renewed();
      await eventually('the kubelet to report again', async () => (await renewed()) !== last);
      await eventually('the worker to be Ready', async () => (await conditionOf('node', worker)) === 'True');
      await eventually('every pod to have been started anew', async () => {
        const now = await membersOf(crowd);
        return now.every(({container}, index) => container !== '' && container !== old[index]?.container);
      });
      await ready(crowd, names.length);
      await podReady(sample);
      await networksOfPods(worker);
      expect((await membersOf(crowd)).map(({uid}) => uid)).toEqual(old.map(({uid}) => uid));
      await remove(crowd);
      await networksOfPods(worker);
    });
  });
};
