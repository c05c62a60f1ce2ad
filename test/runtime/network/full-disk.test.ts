import {describe, expect, it, vi} from 'vitest';
import {StoreFailed} from '../../../runtime/src/network/errors.ts';
import type {PodNetworkRecord, State} from '../../../runtime/src/network/record.ts';
import type {RecordStore} from '../../../runtime/src/network/record-store.ts';
import {callsOf, podsRig} from '../../rig/runtime/pods.ts';
import {added, attachRequest, deleted, pod, selector} from '../../rig/runtime/web-pod.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

/** A disk that refuses to write a record in this state. */
const refusing = (state: State) => {
  const refused: PodNetworkRecord[] = [];
  const storeOf = (store: RecordStore): RecordStore => ({
    ...store,
    write: async (record) => {
      if (record.state !== state) return await store.write(record);
      refused.push(record);
      throw new StoreFailed('no space', Object.assign(new Error('ENOSPC'), {code: 'ENOSPC'}));
    },
  });
  return {refused, storeOf};
};

describe('with a disk that cannot be written', () => {
  it('nothing is created', async () => {
    await using rig = await podsRig(refusing('created'));
    await expect(rig.pods.create(pod, '0')).rejects.toMatchObject({name: 'StoreFailed', full: true});
    expect(await rig.netns.list()).toEqual([]);
  });

  it('no plugin runs', async () => {
    await using rig = await podsRig(refusing('attaching'));
    await rig.pods.create(pod, '0');
    await expect(rig.pods.attach(attachRequest)).rejects.toMatchObject({name: 'StoreFailed'});
    expect(await callsOf(rig)).toEqual([]);
  });

  it('a network that cannot be recorded is rolled back', async () => {
    await using rig = await podsRig(refusing('attached'));
    await rig.pods.create(pod, '0');
    await expect(rig.pods.attach(attachRequest)).rejects.toMatchObject({name: 'StoreFailed'});
    expect(await callsOf(rig)).toEqual([...added, ...deleted]);
    expect(() => rig.pods.query('box')).toThrow('is created');
  });

  it('Detach still succeeds', async () => {
    await using rig = await podsRig(refusing('detaching'));
    await rig.pods.create(pod, '0');
    await rig.pods.attach(attachRequest);
    await rig.pods.detach(selector);
    expect(await rig.onDisk()).toMatchObject([{state: 'detached'}]);
  });

  it('a released address is not recorded again when the disk is writable', async () => {
    await using rig = await podsRig(refusing('detached'));
    await rig.pods.create(pod, '0');
    await rig.pods.attach(attachRequest);
    await rig.pods.detach(selector);
    expect(() => rig.pods.query('box')).toThrow('is detached');
    await rig.pods.delete(selector);
    expect(await rig.onDisk()).toEqual([]);
  });
});
