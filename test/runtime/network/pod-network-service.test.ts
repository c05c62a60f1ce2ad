import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, vi} from 'vitest';
import {StoreFailed} from '../../../runtime/src/network/errors.ts';
import type {NetworkSelection} from '../../../runtime/src/network/network-selection.ts';
import type {PodNetworkRecord, State} from '../../../runtime/src/network/record.ts';
import type {RecordStore} from '../../../runtime/src/network/record-store.ts';
import type {Selector} from '../../../runtime/src/network/select.ts';
import {type PodsRig, podsRig} from '../rig/pods.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

const pod = {namespace: 'default', name: 'web', uid: 'uid-1'};
const named: Selector = {
  sandbox: 'box',
  netns: '',
  uid: 'uid-1',
  attempt: '0',
  namespace: 'default',
  name: 'web',
};
const attachRequest = {...named, commonArgs: {}, primaryArgs: {}, selections: []};

const callsOf = async ({plugins}: PodsRig) => (await plugins.calls()).map(({call}) => call);
/** The interface in the result that each DEL was given, if any. */
const resultsGivenToDel = async ({plugins}: PodsRig) =>
  (await plugins.calls())
    .filter(({call}) => call.endsWith(' DEL'))
    .map(
      ({stdin}) =>
        (JSON.parse(stdin) as {prevResult?: {interfaces: {name: string}[]}}).prevResult?.interfaces[0]?.name,
    );
const onDisk = ({onDisk: read}: PodsRig) => read();
const added = ['first ADD', 'second ADD'];
const deleted = ['second DEL', 'first DEL'];

describe('the network of a pod', () => {
  it('is on disk in every state of its life', async () => {
    await using rig = await podsRig();
    const created = await rig.pods.create(pod, '0');
    expect(await onDisk(rig)).toEqual([created]);
    const attached = await rig.pods.attach(attachRequest);
    expect(attached).toMatchObject({state: 'attached', sandbox: 'box', key: created.key});
    expect(await onDisk(rig)).toEqual([attached]);
    expect(rig.pods.query('box')).toBe(attached);
    await rig.pods.detach(named);
    expect(await onDisk(rig)).toMatchObject([{state: 'detached', attachments: []}]);
    await rig.pods.delete(named);
    expect(await onDisk(rig)).toEqual([]);
    expect(await rig.netns.list()).toEqual([]);
    expect(await callsOf(rig)).toEqual([...added, ...deleted]);
  });

  it('runs no plugin twice for a call that is repeated', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    const answers = await Promise.all([1, 2, 3].map(() => rig.pods.attach(attachRequest)));
    expect(new Set(answers).size).toBe(1);
    await Promise.all([1, 2, 3].map(() => rig.pods.detach(named)));
    expect(await callsOf(rig)).toEqual([...added, ...deleted]);
  });

  it('ends absent when attach and delete come at once', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await Promise.allSettled([rig.pods.attach(attachRequest), rig.pods.delete({...named, sandbox: ''})]);
    expect(await onDisk(rig)).toEqual([]);
    expect(await callsOf(rig)).toEqual([...added, ...deleted]);
  });

  it('is not attached again once it was detached', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await rig.pods.attach(attachRequest);
    await rig.pods.detach(named);
    await expect(rig.pods.attach(attachRequest)).rejects.toMatchObject({name: 'WrongState'});
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
  ])('is undone as a whole, the failed plugin included, when plugin %s fails', async (plugin, expected) => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await rig.plugins.plan({[`${plugin} ADD`]: 'error'});
    await expect(rig.pods.attach(attachRequest)).rejects.toMatchObject({name: 'CniError', cniCode: 11});
    expect(await callsOf(rig)).toEqual(expected);
    expect(await onDisk(rig)).toMatchObject([{state: 'created', attachments: []}]);
    await rig.plugins.plan({});
    await expect(rig.pods.attach(attachRequest)).resolves.toMatchObject({state: 'attached'});
  });

  it('stays to be undone when that fails as well, and the next attach begins with it', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await rig.plugins.plan({'second ADD': 'error', 'first DEL': 'error'});
    await expect(rig.pods.attach(attachRequest)).rejects.toMatchObject({plugin: 'second'});
    expect(await onDisk(rig)).toMatchObject([{state: 'attaching', sandbox: 'box'}]);
    await rig.pods.sweep();
    expect(await onDisk(rig)).toMatchObject([{state: 'attaching'}]);
    await rig.plugins.plan({});
    await rig.pods.attach(attachRequest);
    expect((await callsOf(rig)).slice(-4)).toEqual([...deleted, ...added]);
  });

  it('is undone by a sweep once that can succeed', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await rig.pods.attach(attachRequest);
    await rig.plugins.plan({'first DEL': 'error'});
    await expect(rig.pods.detach(named)).rejects.toMatchObject({plugin: 'first'});
    expect(() => rig.pods.query('box')).toThrow('is detaching');
    await rig.plugins.plan({});
    rig.clock.ms += 1_000; // the backoff
    await rig.pods.sweep();
    expect(await onDisk(rig)).toMatchObject([{state: 'detached', attachments: []}]);
  });

  it('does not wait, when others are undone, for one whose plugin hangs', async () => {
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

  it('keeps its configuration from ADD to DEL, whatever that is by then', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    const {attachments} = await rig.pods.attach(attachRequest);
    const pods = await rig.restart(); // nothing of the first one's memory
    await pods.detach(named);
    const calls = await rig.plugins.calls();
    const [add, del] = ['second ADD', 'second DEL'].map((name) => calls.find(({call}) => call === name));
    expect(JSON.parse(del?.stdin ?? '')).toEqual({
      ...(JSON.parse(add?.stdin ?? '') as object),
      prevResult: JSON.parse(attachments[0]?.result ?? '') as unknown,
    });
    expect(del?.env).toEqual({...add?.env, CNI_COMMAND: 'DEL'});
  });
});

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

  it('what was added is undone, and not claimed', async () => {
    await using rig = await podsRig(refusing('attached'));
    await rig.pods.create(pod, '0');
    await expect(rig.pods.attach(attachRequest)).rejects.toMatchObject({name: 'StoreFailed'});
    expect(await callsOf(rig)).toEqual([...added, ...deleted]);
    expect(() => rig.pods.query('box')).toThrow('is created');
  });

  it('detaching goes on', async () => {
    await using rig = await podsRig(refusing('detaching'));
    await rig.pods.create(pod, '0');
    await rig.pods.attach(attachRequest);
    await rig.pods.detach(named);
    expect(await onDisk(rig)).toMatchObject([{state: 'detached'}]);
  });

  it('a released address does not come back once something can be written', async () => {
    await using rig = await podsRig(refusing('detached'));
    await rig.pods.create(pod, '0');
    await rig.pods.attach(attachRequest);
    await rig.pods.detach(named);
    expect(() => rig.pods.query('box')).toThrow('is detached');
    await rig.pods.delete(named);
    expect(await onDisk(rig)).toEqual([]);
  });
});

describe('an abandoned network', () => {
  const minutes = (count: number) => count * 60_000;

  it('is deleted after ten minutes', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await rig.pods.sweep();
    rig.clock.ms += minutes(10);
    await rig.pods.sweep();
    expect(await onDisk(rig)).toHaveLength(1);
    rig.clock.ms += 1;
    await rig.pods.sweep();
    expect(await onDisk(rig)).toEqual([]);
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
    expect(await onDisk(rig)).toHaveLength(1);
    rig.clock.ms += 1;
    await pods.sweep();
    expect(await onDisk(rig)).toEqual([]);
  });

  it('stays when it is asked for again', async () => {
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

  it('is also one whose attach failed and is not retried', async () => {
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
    expect(await onDisk(rig)).toMatchObject([{state: 'created', sandbox: 'box'}]);
    rig.clock.ms += minutes(1) + 1;
    await rig.pods.sweep();
    expect(await onDisk(rig)).toEqual([]);
  });

  /** The caller is gone when the plugins have done their work. */
  const attachUnheard = async (rig: PodsRig) => {
    const gone = new AbortController();
    await rig.plugins.plan({'second ADD': 'hold'});
    const attaching = rig.pods.attach(attachRequest, {signal: gone.signal});
    await vi.waitUntil(async () => (await callsOf(rig)).includes('second ADD'), {timeout: 30_000});
    gone.abort();
    await rig.plugins.release();
    await attaching;
  };

  it('is also one that was attached for a caller that had hung up', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await attachUnheard(rig);
    await rig.pods.sweep();
    rig.clock.ms += minutes(10) + 1;
    await rig.pods.sweep();
    expect(await callsOf(rig)).toEqual([...added, ...deleted]);
    expect(await onDisk(rig)).toEqual([]);
    expect(await rig.netns.list()).toEqual([]);
  });

  it.each<[string, (rig: PodsRig) => unknown]>([
    ['asks for it', ({pods}) => pods.query('box')],
    ['attaches it again', ({pods}) => pods.attach(attachRequest)],
  ])('is no longer abandoned once a caller %s', async (_, come) => {
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

describe('further networks', () => {
  const wishing = (...selections: NetworkSelection[]) => ({...attachRequest, selections});
  const side = {namespace: '', name: 'side', ifName: 'net1', capabilityArgs: {}};

  it('come after the first, in the order asked, and go in reverse', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    const {attachments} = await rig.pods.attach(wishing(side, {...side, ifName: 'net2'}));
    expect(attachments.map(({network, ifName}) => [network, ifName])).toEqual([
      ['rig', 'eth0'],
      ['side', 'net1'],
      ['side', 'net2'],
    ]);
    await rig.pods.detach(named);
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

  it('that fail take the first with them', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await rig.plugins.plan({'third ADD': 'error'});
    await expect(rig.pods.attach(wishing(side))).rejects.toMatchObject({plugin: 'third'});
    expect(await callsOf(rig)).toEqual([...added, 'third ADD', 'third DEL', ...deleted]);
    expect(await onDisk(rig)).toMatchObject([{state: 'created', attachments: []}]);
    expect(await resultsGivenToDel(rig)).toEqual([undefined, 'eth0', 'eth0']);
  });

  it('that fail leave the result of the first for the rollback, also after a crash', async () => {
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
    await vi.waitUntil(async () => (await callsOf(rig)).includes('third ADD'), {timeout: 30_000});
    const [record] = await onDisk(rig);
    expect(record).toMatchObject({state: 'attaching', attachments: [{network: 'rig'}, {network: 'side'}]});
    expect(record?.attachments.map(({result}) => result !== undefined)).toEqual([true, false]);
    await rig.plugins.release();
    await attaching;
  });

  it('whose ADD has not begun are not deleted', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await rig.plugins.plan({'third ADD': 'error', 'third DEL': '1*error->ok'});
    await expect(rig.pods.attach(wishing(side, {...side, ifName: 'net2'}))).rejects.toMatchObject({
      plugin: 'third',
    });
    await rig.pods.detach(named);
    const deletions = (await rig.plugins.calls()).filter(({call}) => call === 'third DEL');
    expect(deletions.map(({env}) => env['CNI_IFNAME'])).toEqual(['net1', 'net1']);
    expect(await onDisk(rig)).toMatchObject([{state: 'detached', attachments: []}]);
  });

  it('with a plugin that is not installed leave nothing that would wait for it for ever', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await expect(rig.pods.attach(wishing({...side, name: 'half'}))).rejects.toMatchObject({
      plugin: 'nowhere',
      trouble: 'missing',
    });
    expect(await callsOf(rig)).toEqual([...added, 'third ADD', 'third DEL', ...deleted]);
    expect(await onDisk(rig)).toMatchObject([{state: 'created', attachments: []}]);
  });

  it('that cannot be deleted do not keep the others, and are tried again alone', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    await rig.pods.attach(wishing(side));
    await rig.plugins.plan({'third DEL': 'error'});
    await expect(rig.pods.delete(named)).rejects.toMatchObject({plugin: 'third'});
    expect((await callsOf(rig)).slice(-3)).toEqual(['third DEL', ...deleted]);
    expect(await onDisk(rig)).toMatchObject([{state: 'detaching', attachments: [{ifName: 'net1'}]}]);
    await rig.plugins.plan({});
    await rig.pods.delete(named);
    expect((await callsOf(rig)).slice(-3)).toEqual([...deleted, 'third DEL']);
    expect(await onDisk(rig)).toEqual([]);
  });

  it('that are not there cost no plugin its start', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    const unknown = rig.pods.attach(wishing({...side, name: 'nowhere'}));
    await expect(unknown).rejects.toMatchObject({name: 'NetworkUnavailable'});
    expect(await callsOf(rig)).toEqual([]);
    await expect(rig.pods.attach(attachRequest)).resolves.toMatchObject({state: 'attached'});
  });

  it('are asked for what they can do only', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    const [ips, mac] = [{ips: ['10.9.9.9']}, {mac: '02:00:00:00:00:01'}];
    const refused = rig.pods.attach(wishing({...side, capabilityArgs: {...ips, ...mac}}));
    await expect(refused).rejects.toThrow('capability mac');
    await rig.pods.attach(wishing({...side, capabilityArgs: ips}));
    const third = (await rig.plugins.calls()).find(({call}) => call === 'third ADD');
    expect(JSON.parse(third?.stdin ?? '')).toMatchObject({runtimeConfig: ips});
  });

  it('make a repeated call another one when they differ', async () => {
    await using rig = await podsRig();
    await rig.pods.create(pod, '0');
    const attached = await rig.pods.attach(wishing(side));
    await expect(rig.pods.attach(attachRequest)).rejects.toMatchObject({name: 'Conflict'});
    expect(await rig.pods.attach(wishing(side))).toBe(attached);
  });
});

describe('reconciling', () => {
  it('undoes what has lost its netns, and nothing else', async () => {
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
    expect((await onDisk(rig)).map(({key}) => key)).toEqual([up[2]?.key]);
    const deletions = (await rig.plugins.calls()).filter(({call}) => call.endsWith('DEL'));
    expect(deletions.map(({env}) => env['CNI_NETNS'])).toEqual(['', '', '', '']);
  });

  it('releases an address without owner only when no call is under way', async () => {
    await using rig = await podsRig();
    await mkdir(join(rig.ipamDir, 'rig'), {recursive: true});
    await writeFile(join(rig.ipamDir, 'rig', '10.0.0.9'), 'gone\neth0');
    await rig.pods.create(pod, '0');
    await rig.plugins.plan({'second ADD': 'hold'});
    const attaching = rig.pods.attach(attachRequest);
    await vi.waitUntil(async () => (await callsOf(rig)).includes('second ADD'), {timeout: 30_000});
    const order: string[] = [];
    const note = (what: string) => () => void order.push(what);
    const reconciled = rig.pods.reconcile().then(note('reconciled'));
    await rig.plugins.release();
    await Promise.all([attaching.then(note('attached')), reconciled]);
    expect(order).toEqual(['attached', 'reconciled']);
  });
});

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
  ] as const)('what was %s is undone and %s', async (state, expected) => {
    await using rig = await podsRig();
    const pods = await crashed(rig, state);
    expect(() => pods.query('box')).toThrow(`is ${state}`);
    await pods.sweep();
    expect(() => pods.query('box')).toThrow(`is ${expected}`);
    expect(await callsOf(rig)).toEqual([...added, ...deleted]);
  });

  it('what was attached still is, and no plugin runs', async () => {
    await using rig = await podsRig();
    const pods = await crashed(rig, 'attached');
    await pods.sweep();
    expect(pods.query('box')).toMatchObject({state: 'attached'});
    expect(await callsOf(rig)).toEqual(added);
  });

  it('state that cannot be read does not keep the rest from being served, nor costs a pod its netns', async () => {
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
    await pods.delete({...named, netns});
    expect(await rig.netns.list()).toEqual([]);
    expect((await pods.reconcile()).problems).toEqual([]);
  });
});
