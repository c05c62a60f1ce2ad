import {describe, expect, it, vi} from 'vitest';
import {parseConflist} from '../../../runtime/src/cni/conflist.ts';
import type {PodNetworkService} from '../../../runtime/src/network/lifecycle.ts';
import {conflistOf} from '../rig/plugins.ts';
import {type PodsRig, podsRig} from '../rig/pods.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

const minutes = (count: number) => count * 60_000;
const podNumber = (number: number, uid = `uid-${number}`) => {
  const pod = {namespace: 'default', name: `web-${number}`, uid};
  const selector = {...pod, sandbox: `box-${number}`, netns: '', attempt: '0'};
  return {pod, selector, request: {...selector, commonArgs: {}, primaryArgs: {}, selections: []}};
};
const [one, two, three] = [podNumber(1), podNumber(2), podNumber(3)];
type TestPod = typeof one;

const callsOf = async ({plugins}: PodsRig) => (await plugins.calls()).map(({call}) => call);
const statesOf = async (rig: PodsRig) => (await rig.onDisk()).map(({state}) => state);
const alwaysFailing = {
  'second ADD': 'error(999,Unauthorized)',
  'second DEL': 'error(999,Unauthorized)',
} as const;

/** A pod whose ADD and DEL fail. */
const fail = async (rig: PodsRig, {pod, request}: TestPod, pods: PodNetworkService = rig.pods) => {
  await rig.plugins.plan(alwaysFailing);
  await pods.create(pod, '0');
  await expect(pods.attach(request)).rejects.toMatchObject({name: 'CniError', cniCode: 999});
};

/** Detaches it for as long as that fails, and deletes it. */
const becomePending = async (rig: PodsRig, test: TestPod) => {
  await fail(rig, test);
  await expect(rig.pods.detach(test.selector)).rejects.toMatchObject({plugin: 'second', command: 'DEL'});
  rig.clock.ms += minutes(2);
  await rig.pods.detach(test.selector);
  await rig.pods.delete(test.selector);
};

describe('a cleanup that keeps failing', () => {
  it('is an error for two minutes after the first Detach, and pending from then on', async () => {
    await using rig = await podsRig();
    await fail(rig, one);
    rig.clock.ms += minutes(30); // before the first Detach no time counts
    await expect(rig.pods.detach(one.selector)).rejects.toMatchObject({cniCode: 999});
    rig.clock.ms += minutes(2) - 1;
    await expect(rig.pods.delete(one.selector)).rejects.toMatchObject({cniCode: 999});
    expect(await rig.netns.list()).toHaveLength(1);
    rig.clock.ms += 1;
    await rig.pods.detach(one.selector);
    await rig.pods.delete(one.selector);
    expect(await rig.netns.list()).toEqual([]);
    expect(await rig.onDisk()).toMatchObject([
      {
        state: 'pending',
        sandbox: 'box-1',
        attachments: [{ifName: 'eth0'}],
        pending: {
          since: rig.clock.ms,
          cause: 'network rig: CNI plugin second failed to DEL: Unauthorized: in the range (code 999)',
        },
      },
    ]);
    const before = await callsOf(rig);
    await rig.pods.detach(one.selector);
    await rig.pods.delete(one.selector);
    expect(await callsOf(rig)).toEqual(before); // a repeated call is answered without plugins
  });

  it('is given up by a sweep after a restart of the node, since the kubelet does not detach that sandbox', async () => {
    await using rig = await podsRig();
    await fail(rig, one);
    for (const path of await rig.netns.list()) await rig.netns.remove(path);
    const pods = await rig.restart();
    await pods.sweep();
    expect(await statesOf(rig)).not.toEqual(['pending']);
    rig.clock.ms += minutes(2);
    await pods.sweep();
    expect(await statesOf(rig)).toEqual(['pending']);
  });

  it('is retried with an empty CNI_NETNS after 1 min, 2 min, … and at most an hour, until DEL succeeds', async () => {
    await using rig = await podsRig();
    await becomePending(rig, one);
    const deletions = async () => (await rig.plugins.calls()).filter(({call}) => call === 'second DEL');
    let known = (await deletions()).length;
    const waits: number[] = [];
    for (let minute = 1; waits.length < 8; minute++) {
      rig.clock.ms += minutes(1);
      await rig.pods.sweep();
      const now = await deletions();
      if (now.length > known) waits.push(minute);
      if (now.length > known) minute = 0;
      known = now.length;
    }
    expect(waits.slice(1)).toEqual([1, 2, 4, 8, 16, 32, 60]);
    expect((await deletions()).at(-1)?.env['CNI_NETNS']).toBe('');
    await rig.plugins.plan({});
    rig.clock.ms += minutes(60);
    await rig.pods.sweep();
    expect(await rig.onDisk()).toEqual([]);
    expect(rig.pods.unfinished()).toEqual([]);
  });

  it('is retried at once when a person asks for it', async () => {
    await using rig = await podsRig();
    await becomePending(rig, one);
    expect((await rig.pods.reconcile()).problems).toEqual(['failed cleanups: 1, see "kni-runtime pending"']);
    await rig.pods.retryUnfinished();
    expect(rig.pods.unfinished()).toHaveLength(1);
    await rig.plugins.plan({});
    await rig.pods.retryUnfinished();
    expect(await rig.onDisk()).toEqual([]);
  });

  it('is retried at once when a plugin was replaced', async () => {
    await using rig = await podsRig();
    await becomePending(rig, one);
    await rig.pods.sweep();
    await rig.plugins.plan({});
    await rig.pods.sweep();
    expect(rig.pods.unfinished()).toHaveLength(1);
    rig.filesVersion.text = 'another build';
    rig.clock.ms += 5_000;
    await rig.pods.sweep();
    expect(await rig.onDisk()).toEqual([]);
  });

  it('survives a restart, and a netns that a crash left is removed', async () => {
    await using rig = await podsRig();
    await becomePending(rig, one);
    const [record] = await rig.onDisk();
    await rig.netns.create(record?.netns ?? '');
    const pods = await rig.restart();
    expect(pods.unfinished()).toMatchObject([{cause: expect.stringContaining('Unauthorized') as string}]);
    await pods.sweep();
    expect(await statesOf(rig)).toEqual(['pending']);
    expect(await rig.netns.list()).toEqual([]);
  });

  it('is found by sandbox only: a pod that returns with its uid is not taken for it', async () => {
    await using rig = await podsRig();
    await becomePending(rig, one);
    const again = {
      ...one,
      request: {...one.request, sandbox: 'box-11'},
      selector: {...one.selector, sandbox: ''},
    };
    await rig.plugins.plan({});
    await rig.pods.create(again.pod, '0');
    await rig.pods.attach(again.request);
    await rig.pods.delete(again.selector);
    expect(await statesOf(rig)).toEqual(['pending']);
  });
});

describe('a pod with an unfinished cleanup', () => {
  it('gets no further netns while that fails, with an error that names the network, the plugin and the cause', async () => {
    await using rig = await podsRig();
    await fail(rig, one);
    await expect(rig.pods.create(one.pod, '1')).rejects.toMatchObject({
      name: 'CleanupUnfinished',
      message:
        'the cleanup of an earlier sandbox of the pod has not finished: network rig: CNI plugin second failed to DEL: Unauthorized: in the range (code 999)',
    });
    expect(await rig.netns.list()).toHaveLength(1);
    await rig.plugins.plan({});
    await rig.pods.create(one.pod, '1');
    expect(await statesOf(rig)).toEqual(['created', 'created']);
  });

  it('gets further ones while it has fewer than three that are pending', async () => {
    await using rig = await podsRig();
    for (const sandbox of ['box-1', 'box-11', 'box-111']) {
      const test = {...one, request: {...one.request, sandbox}, selector: {...one.selector, sandbox}};
      await becomePending(rig, test);
    }
    expect(await statesOf(rig)).toEqual(['pending', 'pending', 'pending']);
    await expect(rig.pods.create(one.pod, '3')).rejects.toMatchObject({name: 'CleanupUnfinished'});
    expect(await rig.netns.list()).toEqual([]);
    await rig.plugins.plan({});
    await rig.pods.create(one.pod, '3');
    expect(await statesOf(rig)).toEqual(['created']);
  });
});

describe('a network with unfinished cleanups', () => {
  const side = {namespace: '', name: 'side', ifName: 'net1', capabilityArgs: {}};
  const onSide = (number: number) => {
    const test = podNumber(number);
    return {...test, request: {...test.request, selections: [side]}};
  };

  it('refuses further pods when it has as many as it may have, before a plugin runs', async () => {
    await using rig = await podsRig({pendingLimit: 2});
    await rig.plugins.plan({'third ADD': 'error(999,no)', 'third DEL': 'error(999,no)'});
    for (const {pod, request} of [onSide(1), onSide(2)]) {
      await rig.pods.create(pod, '0');
      await expect(rig.pods.attach(request)).rejects.toMatchObject({cniCode: 999});
    }
    const before = await callsOf(rig);
    const third = onSide(3);
    await rig.pods.create(third.pod, '0');
    await expect(rig.pods.attach(third.request)).rejects.toMatchObject({
      name: 'TooManyCleanups',
      message: expect.stringContaining('network side refuses further pods') as string,
    });
    expect(await callsOf(rig)).toEqual(before);
    await rig.pods.attach(three.request); // on the node's network alone
    await rig.plugins.plan({});
    rig.clock.ms += minutes(2);
    await rig.pods.sweep();
    const fourth = onSide(4);
    await rig.pods.create(fourth.pod, '0');
    await expect(rig.pods.attach(fourth.request)).resolves.toMatchObject({state: 'attached'});
  });

  it('never exceeds its limit, also of pods that come at the same time', async () => {
    await using rig = await podsRig({pendingLimit: 2});
    await rig.plugins.plan({'third ADD': 'error(999,no)', 'third DEL': 'error(999,no)'});
    const pods = Array.from({length: 6}, (_, index) => onSide(index + 1));
    await Promise.all(pods.map(({pod}) => rig.pods.create(pod, '0')));
    const outcomes = await Promise.allSettled(pods.map(({request}) => rig.pods.attach(request)));
    const names = outcomes.map((each) => (each.status === 'rejected' ? (each.reason as Error).name : 'ok'));
    expect(names.sort()).toEqual(['CniError', 'CniError', ...Array<string>(4).fill('TooManyCleanups')]);
    expect(rig.pods.unfinished()).toHaveLength(2);
  });

  it('has all its places for pods that succeed, one after the other', async () => {
    await using rig = await podsRig({pendingLimit: 2});
    const pods = Array.from({length: 6}, (_, index) => onSide(index + 1));
    await Promise.all(pods.map(({pod}) => rig.pods.create(pod, '0')));
    await Promise.all(pods.map(({request}) => rig.pods.attach(request)));
    expect(new Set(await statesOf(rig))).toEqual(new Set(['attached']));
  });
});

describe('what a failed cleanup holds', () => {
  const mapped = (test: TestPod, hostPort: number, hostIP?: string) => ({
    ...test.request,
    primaryArgs: {portMappings: [{hostPort, containerPort: 80, protocol: 'tcp', ...(hostIP && {hostIP})}]},
  });
  const portNetwork = ({plugins}: Pick<PodsRig, 'plugins'>) =>
    parseConflist(
      conflistOf(plugins, ['first', 'second'], {ownAddresses: true, capabilities: {portMappings: true}}),
    );

  it.each([
    ['the same port', 8080, undefined],
    ['the same port of one address', 8080, '192.0.2.1'],
  ])('is refused to others: %s', async (_, port, hostIP) => {
    await using rig = await podsRig({primary: portNetwork});
    await rig.plugins.plan({'second DEL': 'error(999,busy)'});
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach(mapped(one, 8080));
    await expect(rig.pods.detach(one.selector)).rejects.toMatchObject({cniCode: 999});
    await rig.pods.create(two.pod, '0');
    await expect(rig.pods.attach(mapped(two, port, hostIP))).rejects.toMatchObject({
      name: 'CleanupUnfinished',
      message: expect.stringMatching(
        /^host port 8080\/tcp is still held by an earlier sandbox of pod default\/web-1: network rig: .*busy/,
      ) as string,
    });
    await rig.pods.attach(mapped(two, 8081, hostIP));
  });

  it('is not given to others while the first DEL runs', async () => {
    await using rig = await podsRig({primary: portNetwork});
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach(mapped(one, 8080));
    await rig.plugins.plan({'second DEL': 'hold'});
    const detaching = rig.pods.detach(one.selector);
    await vi.waitUntil(async () => (await callsOf(rig)).includes('second DEL'), {timeout: 30_000});
    await rig.pods.create(two.pod, '0');
    await expect(rig.pods.attach(mapped(two, 8080))).rejects.toMatchObject({name: 'CleanupUnfinished'});
    const waiting = rig.pods.attach(mapped(two, 8080));
    await rig.plugins.release();
    await detaching;
    await expect(waiting).resolves.toMatchObject({state: 'attached'});
  });

  it('is refused to others after a restart as well, before the cleanup was retried', async () => {
    await using rig = await podsRig({primary: portNetwork});
    await rig.plugins.plan({'second DEL': 'error(999,busy)'});
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach(mapped(one, 8080));
    await expect(rig.pods.detach(one.selector)).rejects.toMatchObject({cniCode: 999});
    const pods = await rig.restart();
    await pods.create(two.pod, '0');
    await expect(pods.attach(mapped(two, 8080))).rejects.toMatchObject({name: 'CleanupUnfinished'});
  });

  it('is given free by one retry when that succeeds', async () => {
    await using rig = await podsRig({primary: portNetwork});
    await rig.plugins.plan({'second DEL': 'error(999,busy)'});
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach(mapped(one, 8080));
    await expect(rig.pods.detach(one.selector)).rejects.toMatchObject({cniCode: 999});
    await rig.plugins.plan({});
    await rig.pods.create(two.pod, '0');
    await expect(rig.pods.attach(mapped(two, 8080))).resolves.toMatchObject({state: 'attached'});
    expect(rig.pods.unfinished()).toEqual([]);
  });

  it('is refused to others: a fixed address of a network that pods choose', async () => {
    await using rig = await podsRig();
    const side = {namespace: '', name: 'side', ifName: 'net1', capabilityArgs: {ips: ['10.9.9.9/24']}};
    await rig.plugins.plan({'third DEL': 'error(999,busy)'});
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach({...one.request, selections: [side]});
    await expect(rig.pods.detach(one.selector)).rejects.toMatchObject({cniCode: 999});
    await rig.pods.create(two.pod, '0');
    const wish = {...side, capabilityArgs: {ips: ['10.9.9.9']}};
    await expect(rig.pods.attach({...two.request, selections: [wish]})).rejects.toThrow(
      'address 10.9.9.9 of network side is still held by an earlier sandbox of pod default/web-1',
    );
  });
});

describe('an address of eth0 that another pod has', () => {
  it('is given back, and another one is asked for', async () => {
    await using rig = await podsRig();
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach(one.request); // has 10.99.0.3
    const taken = `print(${JSON.stringify({
      cniVersion: '1.0.0',
      ips: [{address: '10.99.0.3/24'}],
    })})` as const;
    await rig.pods.create(two.pod, '0');
    await rig.plugins.plan({'first ADD': `2*${taken}->ok`});
    const attached = await rig.pods.attach(two.request);
    expect(attached.attachments[0]?.result).toContain('10.99.0.4');
    expect((await callsOf(rig)).filter((call) => call === 'first DEL')).toHaveLength(2);
  });

  it('is refused after eight attempts, naming the other pod and network', async () => {
    await using rig = await podsRig();
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach(one.request);
    await rig.pods.create(two.pod, '0');
    await rig.plugins.plan({
      'first ADD': `print(${JSON.stringify({cniVersion: '1.0.0', ips: [{address: '10.99.0.3/24'}]})})`,
    });
    await expect(rig.pods.attach(two.request)).rejects.toMatchObject({
      name: 'AddressInUse',
      message:
        'network rig assigned an address that is in use: 10.99.0.3 of pod default/web-1 in network rig',
    });
    const calls = await callsOf(rig);
    expect(calls.filter((call) => call === 'first ADD')).toHaveLength(9);
    expect(calls.filter((call) => call === 'first DEL')).toHaveLength(8);
    expect(await statesOf(rig)).toEqual(['attached', 'created']);
  });

  it('is given to one of two pods that come at the same time', async () => {
    await using rig = await podsRig();
    await rig.plugins.plan({
      'first ADD': `print(${JSON.stringify({cniVersion: '1.0.0', ips: [{address: '10.99.0.3/24'}]})})`,
    });
    await Promise.all([one, two].map(({pod}) => rig.pods.create(pod, '0')));
    const outcomes = await Promise.allSettled([one, two].map(({request}) => rig.pods.attach(request)));
    expect(outcomes.map(({status}) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('the configuration of a DEL', () => {
  const side = {namespace: '', name: 'side', ifName: 'net1', capabilityArgs: {}};
  const onSide = {...one.request, selections: [side]};
  const corrected = ({plugins}: PodsRig, extra: object, types = ['third']) =>
    parseConflist(conflistOf(plugins, types, extra).replace('"rig"', '"side"'));
  const mtuGivenToDel = async ({plugins}: PodsRig) =>
    (await plugins.calls())
      .filter(({call}) => call === 'third DEL')
      .map(({stdin}) => (JSON.parse(stdin) as {mtu?: number}).mtu);

  it('is the corrected one when ADD never finished', async () => {
    await using rig = await podsRig();
    await rig.plugins.plan({'third ADD': 'error', 'third DEL': 'error->ok'});
    await rig.pods.create(one.pod, '0');
    await expect(rig.pods.attach(onSide)).rejects.toThrow('no address left');
    rig.named['side'] = corrected(rig, {mtu: 1400});
    rig.clock.ms += 5_000;
    await rig.pods.sweep();
    expect(await mtuGivenToDel(rig)).toEqual([undefined, 1400]);
  });

  it.each<[string, object, string[]]>([
    ['other plugins', {}, ['first']],
    ['another IPAM', {ipam: {type: 'other'}}, ['third']],
    ['another directory of leases', {ipam: {dataDir: '/elsewhere'}}, ['third']],
  ])('is the pinned one when the new one has %s', async (_, extra, types) => {
    await using rig = await podsRig();
    await rig.plugins.plan({'third ADD': 'error', 'third DEL': 'error->ok'});
    await rig.pods.create(one.pod, '0');
    await expect(rig.pods.attach(onSide)).rejects.toThrow('no address left');
    rig.named['side'] = corrected(rig, {mtu: 1400, ...extra}, types);
    rig.clock.ms += 5_000;
    await rig.pods.sweep();
    expect(await mtuGivenToDel(rig)).toEqual([undefined, undefined]);
  });

  it('is that of ADD when ADD has finished', async () => {
    await using rig = await podsRig();
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach(onSide);
    rig.named['side'] = corrected(rig, {mtu: 1400});
    await rig.pods.detach(one.selector);
    expect(await mtuGivenToDel(rig)).toEqual([undefined]);
  });
});
