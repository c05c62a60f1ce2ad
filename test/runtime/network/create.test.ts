import {describe, expect, it, vi} from 'vitest';
import {StoreFailed} from '../../../runtime/src/network/errors.ts';
import {podsRig} from '../../rig/runtime/pods.ts';
import {slowDisk} from '../../rig/runtime/slow-disk.ts';
import {pod} from '../../rig/runtime/web-pod.ts';

describe('a netns that is created while its record is written', () => {
  it('is not answered and not an orphan before the record is on disk', async () => {
    const disk = slowDisk('created');
    await using rig = await podsRig(disk);
    let isAnswered = false;
    const creating = rig.pods.create(pod, '0').finally(() => {
      isAnswered = true;
    });
    await vi.waitFor(async () => expect(await rig.netns.list()).toHaveLength(1), 30_000);
    expect(await rig.pods.orphans()).toMatchObject({netns: []});
    expect(isAnswered).toBe(false);
    disk.release();
    const {netns} = await creating;
    expect(await rig.netns.list()).toEqual([netns]);
    expect(await rig.onDisk()).toMatchObject([{netns, state: 'created'}]);
  });

  it('is removed when the record cannot be written', async () => {
    const disk = slowDisk('created');
    await using rig = await podsRig(disk);
    const creating = rig.pods.create(pod, '0');
    creating.catch(() => undefined);
    await vi.waitFor(async () => expect(await rig.netns.list()).toHaveLength(1), 30_000);
    disk.release(new StoreFailed('no space', Object.assign(new Error('ENOSPC'), {code: 'ENOSPC'})));
    await expect(creating).rejects.toMatchObject({name: 'StoreFailed', full: true});
    expect([await rig.netns.list(), await rig.onDisk()]).toEqual([[], []]);
    await rig.pods.sweep();
    expect(await rig.pods.orphans()).toMatchObject({netns: []});
  });
});
