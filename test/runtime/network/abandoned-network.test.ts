import {describe, expect, it, vi} from 'vitest';
import {callsOf, type PodsRig, podsRig, waitForCall} from '../../rig/runtime/pods.ts';
import {added, attachRequest, deleted, pod} from '../../rig/runtime/web-pod.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

describe('an abandoned network', () => {
  const minutes = (count: number) => count * 60_000;

  it('is deleted after ten minutes', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await rig.pods.sweep();
    rig.clock.ms += minutes(10);
    await rig.pods.sweep();
    expect(await rig.onDisk()).toHaveLength(1);
    rig.clock.ms += 1;
    await rig.pods.sweep();
    expect(await rig.onDisk()).toEqual([]);
    expect(await rig.netns.list()).toEqual([]);
    expect(await callsOf(rig)).toEqual([]);
    await expect(rig.pods.attach(attachRequest)).rejects.toMatchObject({name: 'UnknownNetwork'});
  });

  it('gets its full time again after a restart of the network runtime, at any wall-clock time', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    rig.clock.ms += minutes(60);
    const pods = await rig.restart();
    await pods.sweep();
    rig.clock.ms += minutes(10);
    await pods.sweep();
    expect(await rig.onDisk()).toHaveLength(1);
    rig.clock.ms += 1;
    await pods.sweep();
    expect(await rig.onDisk()).toEqual([]);
  });

  it('is kept when a caller asks for it again', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await rig.pods.sweep();
    rig.clock.ms += minutes(9);
    await rig.pods.create(pod, '0');
    await rig.pods.sweep();
    rig.clock.ms += minutes(9);
    await rig.pods.sweep();
    await expect(rig.pods.attach(attachRequest)).resolves.toMatchObject({state: 'attached'});
  });

  it('includes one whose attach failed and is not retried', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await rig.plugins.plan({'first ADD': 'error'});
    const fails = () => expect(rig.pods.attach(attachRequest)).rejects.toMatchObject({name: 'CniError'});
    await fails();
    await rig.pods.sweep();
    rig.clock.ms += minutes(9);
    await fails();
    await rig.pods.sweep();
    rig.clock.ms += minutes(9);
    await rig.pods.sweep();
    expect(await rig.onDisk()).toMatchObject([{state: 'created', sandbox: 'box'}]);
    rig.clock.ms += minutes(1) + 1;
    await rig.pods.sweep();
    expect(await rig.onDisk()).toEqual([]);
  });

  /** The caller is gone when the plugins have done their work. */
  const attachUnheard = async (rig: PodsRig) => {
    const gone = new AbortController();
    await rig.plugins.plan({'second ADD': 'hold'});
    const attaching = rig.pods.attach(attachRequest, {signal: gone.signal});
    await waitForCall(rig, 'second ADD');
    gone.abort();
    await rig.plugins.release();
    await attaching;
  };

  it('includes one that was attached after its caller had disconnected', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await attachUnheard(rig);
    await rig.pods.sweep();
    rig.clock.ms += minutes(10) + 1;
    await rig.pods.sweep();
    expect(await callsOf(rig)).toEqual([...added, ...deleted]);
    expect(await rig.onDisk()).toEqual([]);
    expect(await rig.netns.list()).toEqual([]);
  });

  it.each<[string, (rig: PodsRig) => unknown]>([
    ['asks for it', ({pods}) => pods.query('box')],
    ['attaches it again', ({pods}) => pods.attach(attachRequest)],
  ])('is kept when a caller %s', async (_, come) => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await attachUnheard(rig);
    await rig.pods.sweep();
    await come(rig);
    rig.clock.ms += minutes(60);
    await rig.pods.sweep();
    expect(rig.pods.query('box')).toMatchObject({state: 'attached'});
    expect(await callsOf(rig)).toEqual(added);
  });
});
