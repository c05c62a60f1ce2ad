import {describe, expect, it, vi} from 'vitest';
import {parseConflist} from '../../../runtime/src/cni/conflist.ts';
import {busy, minutes, one, podNumber, side, statesOf, three, two} from '../../rig/runtime/failing-pods.ts';
import {conflistOf} from '../../rig/runtime/plugins.ts';
import {callsOf, podsRig, waitForCall} from '../../rig/runtime/pods.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

describe('a network with unfinished cleanups', () => {
  const onSide = (number: number) => {
    const test = podNumber(number);
    return {...test, request: {...test.request, selections: [side]}};
  };

  it('refuses further pods at its limit, before a plugin runs', async () => {
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

  it('never exceeds its limit, even with concurrent pods', async () => {
    await using rig = await podsRig({pendingLimit: 2});
    await rig.plugins.plan({'third ADD': 'error(999,no)', 'third DEL': 'error(999,no)'});
    const pods = Array.from({length: 6}, (_, index) => onSide(index + 1));
    await Promise.all(pods.map(({pod}) => rig.pods.create(pod, '0')));
    const outcomes = await Promise.allSettled(pods.map(({request}) => rig.pods.attach(request)));
    const names = outcomes.map((each) => (each.status === 'rejected' ? (each.reason as Error).name : 'ok'));
    expect(names.sort()).toEqual(['CniError', 'CniError', ...Array<string>(4).fill('TooManyCleanups')]);
    expect(rig.pods.unfinished()).toHaveLength(2);
  });

  it('accepts any number of pods that succeed', async () => {
    await using rig = await podsRig({pendingLimit: 2});
    const pods = Array.from({length: 6}, (_, index) => onSide(index + 1));
    await Promise.all(pods.map(({pod}) => rig.pods.create(pod, '0')));
    await Promise.all(pods.map(({request}) => rig.pods.attach(request)));
    expect(new Set(await statesOf(rig))).toEqual(new Set(['attached']));
  });
});

describe('pods of one network that come at the same time', () => {
  it('can be deleted while they wait for each other', async () => {
    await using rig = await podsRig({pendingLimit: 1});
    await rig.plugins.plan({'third ADD': 'hold'});
    for (const {pod} of [one, two]) await rig.pods.create(pod, '0');
    const first = rig.pods.attach({...one.request, selections: [side]});
    await waitForCall(rig, 'third ADD');
    const caller = new AbortController();
    const second = rig.pods.attach({...two.request, selections: [side]}, {signal: caller.signal});
    caller.abort(new Error('the kubelet has gone'));
    await expect(second).rejects.toThrow('the kubelet has gone');
    await rig.pods.delete({...two.selector, sandbox: ''});
    expect(await rig.netns.list()).toHaveLength(1);
    await rig.plugins.release();
    await first;
  });

  it('get the error NetworkBusy at their deadline', async () => {
    await using rig = await podsRig({pendingLimit: 1});
    await rig.plugins.plan({'third ADD': 'hold'});
    for (const {pod} of [one, two]) await rig.pods.create(pod, '0');
    const first = rig.pods.attach({...one.request, selections: [side]});
    await waitForCall(rig, 'third ADD');
    const impatient = {timeLeft: () => 10_000};
    await expect(rig.pods.attach({...two.request, selections: [side]}, impatient)).rejects.toMatchObject({
      name: 'NetworkBusy',
    });
    await rig.plugins.release();
    await first;
  });

  it('of another namespace are not refused for a network of the same name', async () => {
    await using rig = await podsRig({pendingLimit: 2});
    rig.named['theirs'] = parseConflist(
      conflistOf(rig.plugins, ['first'], {ownAddresses: true}).replace('"rig"', '"side"'),
    );
    await rig.plugins.plan({'third ADD': busy, 'third DEL': busy});
    for (const {pod, request} of [one, two]) {
      await rig.pods.create(pod, '0');
      const attaching = rig.pods.attach({...request, selections: [{...side, namespace: 'team-a'}]});
      await expect(attaching).rejects.toMatchObject({cniCode: 999});
    }
    const {pod, request} = podNumber(3);
    await rig.pods.create(pod, '0');
    const theirs = {...side, namespace: 'team-b', name: 'theirs'};
    await expect(rig.pods.attach({...request, selections: [theirs]})).resolves.toMatchObject({
      state: 'attached',
    });
  });
});
