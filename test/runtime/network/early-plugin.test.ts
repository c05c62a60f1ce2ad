import {describe, expect, it, vi} from 'vitest';
import {StoreFailed} from '../../../runtime/src/network/errors.ts';
import {processesOf} from '../../rig/runtime/plugins.ts';
import {callsOf, type PodsRig, podsRig} from '../../rig/runtime/pods.ts';
import {slowDisk} from '../../rig/runtime/slow-disk.ts';
import {added, attachRequest, deleted, pod, selector} from '../../rig/runtime/web-pod.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

const isEarly = true;
const full = () => new StoreFailed('no space', Object.assign(new Error('ENOSPC'), {code: 'ENOSPC'}));
const waitForProcess = ({plugins}: PodsRig, plugin: string) =>
  vi.waitFor(async () => expect(await processesOf(plugins, plugin)).toHaveLength(1), 30_000);
const processes = async ({plugins}: PodsRig) => [
  ...(await processesOf(plugins, 'first')),
  ...(await processesOf(plugins, 'second')),
];

describe('the first plugin of a call, whose process starts early', () => {
  it('is not called by AttachInterface before the intent is on disk', async () => {
    const disk = slowDisk('attaching');
    await using rig = await podsRig({...disk, isEarly});
    await rig.pods.create(pod, '0');
    const attaching = rig.pods.attach(attachRequest);
    await waitForProcess(rig, 'first');
    expect(await rig.onDisk()).toMatchObject([{state: 'created'}]);
    expect(await callsOf(rig)).toEqual([]);
    disk.release();
    expect(await attaching).toMatchObject({state: 'attached'});
    expect(await callsOf(rig)).toEqual(added);
    expect(await processes(rig)).toEqual([]);
  });

  it('is killed when the intent of AttachInterface cannot be written, before the error is returned', async () => {
    const disk = slowDisk('attaching');
    await using rig = await podsRig({...disk, isEarly});
    await rig.pods.create(pod, '0');
    const attaching = rig.pods.attach(attachRequest);
    attaching.catch(() => undefined);
    await waitForProcess(rig, 'first');
    disk.release(full());
    await expect(attaching).rejects.toMatchObject({name: 'StoreFailed'});
    expect(await processes(rig)).toEqual([]);
    expect(await callsOf(rig)).toEqual([]);
  });

  it.each([
    ['is not called by DetachInterface before the intent is on disk', undefined],
    ['is called by DetachInterface also when the intent cannot be written', full()],
  ])('%s', async (_, error) => {
    const disk = slowDisk('detaching');
    await using rig = await podsRig({...disk, isEarly});
    await rig.pods.create(pod, '0');
    await rig.pods.attach(attachRequest);
    const detaching = rig.pods.detach(selector);
    await waitForProcess(rig, 'second');
    expect(await callsOf(rig)).toEqual(added);
    disk.release(error);
    await detaching;
    expect(await callsOf(rig)).toEqual([...added, ...deleted]);
    expect(await processes(rig)).toEqual([]);
    expect(await rig.onDisk()).toMatchObject([{state: 'detached'}]);
  });
});
