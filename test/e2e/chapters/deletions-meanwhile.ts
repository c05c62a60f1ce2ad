/** Pods are deleted while nobody is there to free their networks. */

import {describe, expect, it} from 'vitest';
import {create, gone, namesOf, ready} from '../crowd.ts';
import {eventually, kubectl, onNode, shell, tracesLike, tracesOn, worker} from '../rig.ts';

const crowd = 'abandoned';
const names = namesOf(crowd, 10);

export const deletionsMeanwhile = (): void => {
  describe('ten pods that are deleted while the runtime is down', () => {
    it('are freed once it is back, and none stays Terminating', async () => {
      const before = await tracesOn(worker);
      await create(crowd, names);
      await ready(crowd, names.length);
      await onNode(worker, 'systemctl', 'stop', 'kni');
      await kubectl('delete', 'pods', ...names, '--wait=false');
      try {
        // The kubelet has to have tried each while nobody answered.
        await eventually('the kubelet to say of each that it will be released later', async () => {
          const journal = await shell(worker, 'journalctl -u kubelet -o cat --no-pager --since=-5min');
          const tried = journal
            .split('\n')
            .filter((line) => line.includes('retrying its release in the background'));
          return names.every((name) => tried.some((line) => line.includes(`default/${name} `)));
        });
      } finally {
        await onNode(worker, 'systemctl', 'start', 'kni');
      }
      await gone(crowd);
      expect(await tracesLike(worker, before)).toBe(true);
    });
  });
};
