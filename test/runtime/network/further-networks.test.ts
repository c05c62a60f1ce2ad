import {describe, expect, it, vi} from 'vitest';
import type {NetworkSelection} from '../../../runtime/src/network/network-selection.ts';
import {callsOf, type PodsRig, podsRig, waitForCall} from '../../rig/runtime/pods.ts';
import {added, attachRequest, deleted, pod, selector} from '../../rig/runtime/web-pod.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

/** The interface in the result that each DEL was given, if any. */
const resultsGivenToDel = async ({plugins}: PodsRig) =>
  (await plugins.calls())
    .filter(({call}) => call.endsWith(' DEL'))
    .map(
      ({stdin}) =>
        (JSON.parse(stdin) as {prevResult?: {interfaces: {name: string}[]}}).prevResult?.interfaces[0]?.name,
    );

describe('further networks', () => {
  const wishing = (...selections: NetworkSelection[]) => ({...attachRequest, selections});
  const side = {namespace: '', name: 'side', ifName: 'net1', capabilityArgs: {}};

  it('are added after the first in the order of the request, and deleted in reverse', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    const {attachments} = await rig.pods.attach(wishing(side, {...side, ifName: 'net2'}));
    expect(attachments.map(({network, ifName}) => [network, ifName])).toEqual([
      ['rig', 'eth0'],
      ['side', 'net1'],
      ['side', 'net2'],
    ]);
    await rig.pods.detach(selector);
    const calls = (await rig.plugins.calls()).map(({call, env}) => `${call} ${env['CNI_IFNAME']}`);
    expect(calls).toEqual([
      'first ADD eth0',
      'second ADD eth0',
      'third ADD net1',
      'third ADD net2',
      'third DEL net2',
      'third DEL net1',
      'second DEL eth0',
      'first DEL eth0',
    ]);
  });

  it('that fail cause a rollback of the first', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await rig.plugins.plan({'third ADD': 'error'});
    await expect(rig.pods.attach(wishing(side))).rejects.toMatchObject({plugin: 'third'});
    expect(await callsOf(rig)).toEqual([...added, 'third ADD', 'third DEL', ...deleted]);
    expect(await rig.onDisk()).toMatchObject([{state: 'created', attachments: []}]);
    expect(await resultsGivenToDel(rig)).toEqual([undefined, 'eth0', 'eth0']);
  });

  it('that fail keep the result of the first for the rollback, even after a crash', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await rig.plugins.plan({'third ADD': 'error', 'first DEL': 'error'});
    await expect(rig.pods.attach(wishing(side))).rejects.toMatchObject({plugin: 'third'});
    const pods = await rig.restart();
    await rig.plugins.plan({});
    await pods.sweep();
    expect(await resultsGivenToDel(rig)).toEqual([undefined, 'eth0', 'eth0', 'eth0', 'eth0']);
  });

  it('have the result of the first on disk before they are added', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await rig.plugins.plan({'third ADD': 'hold'});
    const attaching = rig.pods.attach(wishing(side));
    await waitForCall(rig, 'third ADD');
    const [record] = await rig.onDisk();
    expect(record).toMatchObject({state: 'attaching', attachments: [{network: 'rig'}, {network: 'side'}]});
    expect(record?.attachments.map(({result}) => result !== undefined)).toEqual([true, false]);
    await rig.plugins.release();
    await attaching;
  });

  it('whose ADD has not started are not deleted', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await rig.plugins.plan({'third ADD': 'error', 'third DEL': '1*error->ok'});
    await expect(rig.pods.attach(wishing(side, {...side, ifName: 'net2'}))).rejects.toMatchObject({
      plugin: 'third',
    });
    await rig.pods.detach(selector);
    const deletions = (await rig.plugins.calls()).filter(({call}) => call === 'third DEL');
    expect(deletions.map(({env}) => env['CNI_IFNAME'])).toEqual(['net1', 'net1']);
    expect(await rig.onDisk()).toMatchObject([{state: 'detached', attachments: []}]);
  });

  it('with a missing plugin leave no cleanup that would be retried forever', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await expect(rig.pods.attach(wishing({...side, name: 'half'}))).rejects.toMatchObject({
      plugin: 'nowhere',
      trouble: 'missing',
    });
    expect(await callsOf(rig)).toEqual([...added, 'third ADD', 'third DEL', ...deleted]);
    expect(await rig.onDisk()).toMatchObject([{state: 'created', attachments: []}]);
  });

  it('that cannot be deleted do not block the others, and are retried alone', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await rig.pods.attach(wishing(side));
    await rig.plugins.plan({'third DEL': 'error'});
    await expect(rig.pods.delete(selector)).rejects.toMatchObject({plugin: 'third'});
    expect((await callsOf(rig)).slice(-3)).toEqual(['third DEL', ...deleted]);
    expect(await rig.onDisk()).toMatchObject([{state: 'detaching', attachments: [{ifName: 'net1'}]}]);
    await rig.plugins.plan({});
    await rig.pods.delete(selector);
    expect((await callsOf(rig)).slice(-3)).toEqual([...deleted, 'third DEL']);
    expect(await rig.onDisk()).toEqual([]);
  });

  it('that are unknown are refused before any plugin starts', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    const unknown = rig.pods.attach(wishing({...side, name: 'nowhere'}));
    await expect(unknown).rejects.toMatchObject({name: 'NetworkUnavailable'});
    expect(await callsOf(rig)).toEqual([]);
    await expect(rig.pods.attach(attachRequest)).resolves.toMatchObject({state: 'attached'});
  });

  it('are refused arguments for which they have no capability', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    const [ips, mac] = [{ips: ['10.9.9.9']}, {mac: '02:00:00:00:00:01'}];
    const refused = rig.pods.attach(wishing({...side, capabilityArgs: {...ips, ...mac}}));
    await expect(refused).rejects.toThrow('capability mac');
    await rig.pods.attach(wishing({...side, capabilityArgs: ips}));
    const third = (await rig.plugins.calls()).find(({call}) => call === 'third ADD');
    expect(JSON.parse(third?.stdin ?? '')).toMatchObject({runtimeConfig: ips});
  });

  it('make a repeated call a conflict when they differ', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    const attached = await rig.pods.attach(wishing(side));
    await expect(rig.pods.attach(attachRequest)).rejects.toMatchObject({name: 'Conflict'});
    expect(await rig.pods.attach(wishing(side))).toBe(attached);
  });
});
