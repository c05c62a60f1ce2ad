import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, vi} from 'vitest';
import type {State} from '../../../runtime/src/network/record.ts';
import {callsOf, type PodsRig, podsRig} from '../../rig/runtime/pods.ts';
import {added, attachRequest, deleted, pod, selector} from '../../rig/runtime/web-pod.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

describe('after a crash', () => {
  const crashed = async (rig: PodsRig, state: State) => {
    await rig.pods.create(pod, '0');
    const attached = await rig.pods.attach(attachRequest);
    await rig.writeDown({...attached, state});
    return await rig.restart();
  };

  it.each([
    ['attaching', 'created'],
    ['detaching', 'detached'],
  ] as const)('a record in state %s is cleaned up and becomes %s', async (state, expected) => {
    await using rig = await podsRig();
    const pods = await crashed(rig, state);
    expect(() => pods.query('box')).toThrow(`is ${state}`);
    await pods.sweep();
    expect(() => pods.query('box')).toThrow(`is ${expected}`);
    expect(await callsOf(rig)).toEqual([...added, ...deleted]);
  });

  it('an attached pod stays attached, and no plugin runs', async () => {
    await using rig = await podsRig();
    const pods = await crashed(rig, 'attached');
    await pods.sweep();
    expect(pods.query('box')).toMatchObject({state: 'attached'});
    expect(await callsOf(rig)).toEqual(added);
  });

  it('unreadable state does not stop the network runtime from serving, and no pod loses its netns', async () => {
    await using rig = await podsRig();
    const spoilt = await rig.pods.create({...pod, name: 'spoilt', uid: 'uid-2'}, '0');
    await rig.pods.create(pod, '0');
    const journal = join(rig.stateDir, 'journal');
    const text = await readFile(journal, 'utf8');
    await writeFile(journal, text.replace('"name":"spoilt"', '"name":"Spoilt"'));
    const pods = await rig.restart();
    await pods.attach(attachRequest);
    expect(await rig.netns.list()).toContain(spoilt.netns);
    expect((await pods.reconcile()).problems).toHaveLength(1);
    expect(await rig.netns.list()).toContain(spoilt.netns);
  });

  it.each<[string, (text: string) => string]>([
    ['its last word', (text) => text.replace(/"state":"attached"(?=[^\n]*\n$)/, '"state":"attacheD"')],
    ['its configuration', (text) => text.replace(/("text":".*?)1\.0\.0/, '$11.0.1')],
  ])('a pod keeps its network when %s cannot be read, until it is deleted', async (_, spoil) => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    const {netns} = await rig.pods.attach(attachRequest);
    const journal = join(rig.stateDir, 'journal');
    const text = await readFile(journal, 'utf8');
    expect(spoil(text)).not.toBe(text);
    await writeFile(journal, spoil(text));
    let pods = await rig.restart();
    for (const later of [0, 11, 11]) {
      rig.clock.ms += later * 60_000;
      await pods.sweep();
      expect((await pods.reconcile()).problems).toHaveLength(1);
    }
    pods = await rig.restart(); // the journal no longer contains the damage
    await pods.sweep();
    expect((await pods.reconcile()).problems).toHaveLength(1);
    expect(await callsOf(rig)).toEqual(added);
    expect(await rig.netns.list()).toEqual([netns]);
    await pods.delete({...selector, netns});
    expect(await rig.netns.list()).toEqual([]);
    expect((await pods.reconcile()).problems).toEqual([]);
  });
});
