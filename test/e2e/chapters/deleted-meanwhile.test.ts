/** Pods are deleted while the runtime is down. */

import {describe, expect, it} from 'vitest';
import {kubectl, onNode, shell, worker} from '../../rig/cluster/cluster.ts';
import {create, gone, namesOf, ready} from '../../rig/cluster/crowd.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {tracesLike, tracesOn} from '../../rig/cluster/traces.ts';
import {until} from '../../rig/wait.ts';

const crowd = 'abandoned';
const names = namesOf(crowd, 10);

useCluster();

describe('ten pods that are deleted while the runtime is down', () => {
  it('release their networks once it is back, and none stays Terminating', async () => {
    const before = await tracesOn(worker);
    await create(crowd, names);
    await ready(crowd, names.length);
    await onNode(worker, 'systemctl', 'stop', 'kni');
    await kubectl('delete', 'pods', ...names, '--wait=false');
    try {
      // From then on the kubelet has to retry each by itself.
      await until('the kubelet to put off the release of each network', async () => {
        const journal = await shell(worker, 'journalctl -u kubelet -o cat --no-pager --since=-5min');
        const postponed = journal
          .split('\n')
          .filter((line) => line.includes('is not released yet, retrying in the background'));
        return names.every((name) => postponed.some((line) => line.includes(`default/${name} `)));
      });
    } finally {
      await onNode(worker, 'systemctl', 'start', 'kni');
    }
    await gone(crowd);
    expect(await tracesLike(worker, before)).toBe(true);
  });
});
