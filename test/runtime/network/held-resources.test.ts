import {describe, expect, it, vi} from 'vitest';
import {busy, mapped, one, portNetwork, side, three, two} from '../../rig/runtime/failing-pods.ts';
import {podsRig, waitForCall} from '../../rig/runtime/pods.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

/** The network `side`, asked for this address. */
const asking = (ip: string) => ({...side, capabilityArgs: {ips: [ip]}});

describe('what a failed cleanup holds', () => {
  it.each([
    ['the same port', 8080, undefined],
    ['the same port of one address', 8080, '192.0.2.1'],
  ])('is refused to others: %s', async (_, port, hostIP) => {
    await using rig = await podsRig({primary: portNetwork});
    await rig.plugins.plan({'second DEL': busy});
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
    await waitForCall(rig, 'second DEL');
    await rig.pods.create(two.pod, '0');
    await expect(rig.pods.attach(mapped(two, 8080))).rejects.toMatchObject({name: 'CleanupUnfinished'});
    const waiting = rig.pods.attach(mapped(two, 8080));
    await rig.plugins.release();
    await detaching;
    await expect(waiting).resolves.toMatchObject({state: 'attached'});
  });

  it('is refused to others after a restart as well, before the cleanup was retried', async () => {
    await using rig = await podsRig({primary: portNetwork});
    await rig.plugins.plan({'second DEL': busy});
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach(mapped(one, 8080));
    await expect(rig.pods.detach(one.selector)).rejects.toMatchObject({cniCode: 999});
    const pods = await rig.restart();
    await pods.create(two.pod, '0');
    await expect(pods.attach(mapped(two, 8080))).rejects.toMatchObject({name: 'CleanupUnfinished'});
  });

  it('is released when one retry succeeds', async () => {
    await using rig = await podsRig({primary: portNetwork});
    await rig.plugins.plan({'second DEL': busy});
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach(mapped(one, 8080));
    await expect(rig.pods.detach(one.selector)).rejects.toMatchObject({cniCode: 999});
    await rig.plugins.plan({});
    await rig.pods.create(two.pod, '0');
    await expect(rig.pods.attach(mapped(two, 8080))).resolves.toMatchObject({state: 'attached'});
    expect(rig.pods.unfinished()).toEqual([]);
  });

  it('is refused to others: a fixed address of a chosen network', async () => {
    await using rig = await podsRig();
    await rig.plugins.plan({'third DEL': busy});
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach({...one.request, selections: [asking('10.9.9.9/24')]});
    await expect(rig.pods.detach(one.selector)).rejects.toMatchObject({cniCode: 999});
    await rig.pods.create(two.pod, '0');
    await expect(rig.pods.attach({...two.request, selections: [asking('10.9.9.9')]})).rejects.toThrow(
      'address 10.9.9.9 of network side is still held by an earlier sandbox of pod default/web-1',
    );
  });
});

describe('a host port', () => {
  it('of a pod that is still attached, as after a deletion by force, is refused to others', async () => {
    await using rig = await podsRig({primary: portNetwork});
    for (const {pod} of [one, two]) await rig.pods.create(pod, '0');
    await rig.pods.attach(mapped(one, 8080));
    await expect(rig.pods.attach(mapped(two, 8080))).rejects.toThrow(
      'host port 8080/tcp is held by pod default/web-1, which is still attached',
    );
    await rig.pods.detach(one.selector);
    await expect(rig.pods.attach(mapped(two, 8080))).resolves.toMatchObject({state: 'attached'});
  });

  it('that is held is named by the error at once, even when a network of the pod is busy', async () => {
    await using rig = await podsRig({primary: portNetwork, pendingLimit: 1});
    for (const {pod} of [one, two, three]) await rig.pods.create(pod, '0');
    await rig.pods.attach(mapped(one, 8080));
    await rig.plugins.plan({'third ADD': 'hold'});
    const busyWith = rig.pods.attach({...two.request, selections: [side]});
    await waitForCall(rig, 'third ADD');
    const attaching = rig.pods.attach({...mapped(three, 8080), selections: [side]}, {timeLeft: () => 10_000});
    await expect(attaching).rejects.toMatchObject({name: 'CleanupUnfinished'});
    await rig.plugins.release();
    await busyWith;
  });
});

describe('a fixed address', () => {
  it('that a failed cleanup holds is recognized in every spelling', async () => {
    await using rig = await podsRig();
    await rig.plugins.plan({'third DEL': busy});
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach({...one.request, selections: [asking('fd00::9/64')]});
    await expect(rig.pods.detach(one.selector)).rejects.toMatchObject({cniCode: 999});
    await rig.pods.create(two.pod, '0');
    const attaching = rig.pods.attach({...two.request, selections: [asking('FD00:0::9')]});
    await expect(attaching).rejects.toMatchObject({name: 'CleanupUnfinished'});
  });
});
