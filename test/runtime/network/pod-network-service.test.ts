import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, vi} from 'vitest';
import {callsOf, podsRig, waitForCall} from '../../rig/runtime/pods.ts';
import {added, attachRequest, deleted, pod, selector} from '../../rig/runtime/web-pod.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

describe('the network of a pod', () => {
  it('is on disk in every state', async () => {
    await using rig = await podsRig();
    const created = await rig.pods.create(pod, '0');
    expect(await rig.onDisk()).toEqual([created]);
    const attached = await rig.pods.attach(attachRequest);
    expect(attached).toMatchObject({state: 'attached', sandbox: 'box', key: created.key});
    expect(await rig.onDisk()).toEqual([attached]);
    expect(rig.pods.query('box')).toBe(attached);
    await rig.pods.detach(selector);
    expect(await rig.onDisk()).toMatchObject([{state: 'detached', attachments: []}]);
    await rig.pods.delete(selector);
    expect(await rig.onDisk()).toEqual([]);
    expect(await rig.netns.list()).toEqual([]);
    expect(await callsOf(rig)).toEqual([...added, ...deleted]);
  });

  it('runs no plugin twice for a call that is repeated', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    const answers = await Promise.all([1, 2, 3].map(() => rig.pods.attach(attachRequest)));
    expect(new Set(answers).size).toBe(1);
    await Promise.all([1, 2, 3].map(() => rig.pods.detach(selector)));
    expect(await callsOf(rig)).toEqual([...added, ...deleted]);
  });

  it('ends absent when attach and delete come at once', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await Promise.allSettled([rig.pods.attach(attachRequest), rig.pods.delete({...selector, sandbox: ''})]);
    expect(await rig.onDisk()).toEqual([]);
    expect(await callsOf(rig)).toEqual([...added, ...deleted]);
  });

  it('is not attached again once it was detached', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await rig.pods.attach(attachRequest);
    await rig.pods.detach(selector);
    await expect(rig.pods.attach(attachRequest)).rejects.toMatchObject({name: 'WrongState'});
  });

  it('keeps its record when its netns was created in part and cannot be removed', async () => {
    await using rig = await podsRig();
    const working = {...rig.netns};
    const failure = new Error('killed');
    Object.assign(rig.netns, {
      create: (path: string) => working.create(path).then(() => Promise.reject(failure)),
      remove: () => Promise.reject(failure),
    });
    await expect(rig.pods.create(pod, '0')).rejects.toMatchObject({name: 'NetnsFailed', cause: failure});
    const [record] = await rig.onDisk();
    expect([record?.netns]).toEqual(await rig.netns.list());
    Object.assign(rig.netns, working);
    expect((await rig.pods.create(pod, '0')).netns).toBe(record?.netns);
  });

  it('is not attached when its netns is gone', async () => {
    await using rig = await podsRig();
    const {netns} = await rig.pods.create(pod, '0');
    await rig.netns.remove(netns);
    await expect(rig.pods.attach(attachRequest)).rejects.toMatchObject({name: 'WrongState'});
    expect(await callsOf(rig)).toEqual([]);
    expect((await rig.pods.create(pod, '0')).netns).toBe(netns); // and is made again when asked for again
    await rig.pods.attach(attachRequest);
  });

  it.each([
    ['first', ['first ADD', ...deleted]],
    ['second', [...added, ...deleted]],
  ])(
    'is rolled back completely, including the failed plugin, when plugin %s fails',
    async (plugin, expected) => {
      await using rig = await podsRig();
      await rig.pods.create(pod, '0');
      await rig.plugins.plan({[`${plugin} ADD`]: 'error'});
      await expect(rig.pods.attach(attachRequest)).rejects.toMatchObject({name: 'CniError', cniCode: 11});
      expect(await callsOf(rig)).toEqual(expected);
      expect(await rig.onDisk()).toMatchObject([{state: 'created', attachments: []}]);
      await rig.plugins.plan({});
      await expect(rig.pods.attach(attachRequest)).resolves.toMatchObject({state: 'attached'});
    },
  );

  it('stays to be rolled back when the rollback fails, and the next attach retries it first', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await rig.plugins.plan({'second ADD': 'error', 'first DEL': 'error'});
    await expect(rig.pods.attach(attachRequest)).rejects.toMatchObject({plugin: 'second'});
    expect(await rig.onDisk()).toMatchObject([{state: 'attaching', sandbox: 'box'}]);
    await rig.pods.sweep();
    expect(await rig.onDisk()).toMatchObject([{state: 'attaching'}]);
    await rig.plugins.plan({});
    await rig.pods.attach(attachRequest);
    expect((await callsOf(rig)).slice(-4)).toEqual([...deleted, ...added]);
  });

  it('is cleaned up by a later sweep', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await rig.pods.attach(attachRequest);
    await rig.plugins.plan({'first DEL': 'error'});
    await expect(rig.pods.detach(selector)).rejects.toMatchObject({plugin: 'first'});
    expect(() => rig.pods.query('box')).toThrow('is detaching');
    await rig.plugins.plan({});
    rig.clock.ms += 1_000; // the backoff
    await rig.pods.sweep();
    expect(await rig.onDisk()).toMatchObject([{state: 'detached', attachments: []}]);
  });

  it('is rolled back while a plugin of another pod hangs', async () => {
    await using rig = await podsRig();
    const other = {...pod, name: 'other', uid: 'uid-2'};
    await rig.pods.create(other, '0');
    await rig.plugins.plan({'second ADD': 'error', 'first DEL': 'error'});
    const failing = rig.pods.attach({...attachRequest, ...other, sandbox: 'other-box'});
    await expect(failing).rejects.toMatchObject({plugin: 'second'});
    await rig.plugins.plan({'second ADD': 'hold'});
    await rig.pods.create(pod, '0');
    const hanging = rig.pods.attach(attachRequest);
    await vi.waitUntil(
      async () => (await callsOf(rig)).filter((call) => call === 'second ADD').length === 2,
      {
        timeout: 30_000,
      },
    );
    rig.clock.ms += 1_000; // the backoff
    await rig.pods.sweep();
    expect(() => rig.pods.query('other-box')).toThrow('is created');
    await rig.plugins.release();
    await hanging;
  });

  it('uses the configuration of ADD for DEL, even after it has changed', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    const {attachments} = await rig.pods.attach(attachRequest);
    const pods = await rig.restart(); // nothing of the first one's memory
    await pods.detach(selector);
    const calls = await rig.plugins.calls();
    const [add, del] = ['second ADD', 'second DEL'].map((name) => calls.find(({call}) => call === name));
    expect(JSON.parse(del?.stdin ?? '')).toEqual({
      ...(JSON.parse(add?.stdin ?? '') as object),
      prevResult: JSON.parse(attachments[0]?.result ?? '') as unknown,
    });
    expect(del?.env).toEqual({...add?.env, CNI_COMMAND: 'DEL'});
  });
});

describe('reconciling', () => {
  it('cleans up only pods that have lost their netns', async () => {
    await using rig = await podsRig();
    const pods = [1, 2, 3].map((index) => ({...pod, name: `web-${index}`, uid: `uid-${index}`}));
    const up = [];
    for (const each of pods) {
      await rig.pods.create(each, '0');
      up.push(await rig.pods.attach({...attachRequest, ...each, sandbox: `box-${each.uid}`}));
    }
    for (const {netns} of up.slice(0, 2)) await rig.netns.remove(netns);
    await writeFile(`${rig.netns.path}/kni-nobodys`, '');
    const report = await rig.pods.reconcile();
    expect([...report.undone].sort()).toEqual(up.slice(0, 2).map(({key}) => key));
    expect(report.removedNetns).toEqual([`${rig.netns.path}/kni-nobodys`]);
    expect(report.problems).toEqual([]);
    expect((await rig.onDisk()).map(({key}) => key)).toEqual([up[2]?.key]);
    const deletions = (await rig.plugins.calls()).filter(({call}) => call.endsWith('DEL'));
    expect(deletions.map(({env}) => env['CNI_NETNS'])).toEqual(['', '', '', '']);
  });

  it('releases an orphaned address only when no call is in progress', async () => {
    await using rig = await podsRig();
    await mkdir(join(rig.ipamDir, 'rig'), {recursive: true});
    await writeFile(join(rig.ipamDir, 'rig', '10.0.0.9'), 'gone\neth0');
    await rig.pods.create(pod, '0');
    await rig.plugins.plan({'second ADD': 'hold'});
    const attaching = rig.pods.attach(attachRequest);
    await waitForCall(rig, 'second ADD');
    const order: string[] = [];
    const note = (what: string) => () => void order.push(what);
    const reconciled = rig.pods.reconcile().then(note('reconciled'));
    await rig.plugins.release();
    await Promise.all([attaching.then(note('attached')), reconciled]);
    expect(order).toEqual(['attached', 'reconciled']);
  });
});
