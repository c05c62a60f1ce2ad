import {describe, expect, it, vi} from 'vitest';
import {one, statesOf, two} from '../../rig/runtime/failing-pods.ts';
import {callsOf, podsRig} from '../../rig/runtime/pods.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

describe('an address of eth0 that another pod has', () => {
  it('is released, and another one is requested', async () => {
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

  it('is given to one of two concurrent pods', async () => {
    await using rig = await podsRig();
    await rig.plugins.plan({
      'first ADD': `print(${JSON.stringify({cniVersion: '1.0.0', ips: [{address: '10.99.0.3/24'}]})})`,
    });
    await Promise.all([one, two].map(({pod}) => rig.pods.create(pod, '0')));
    const outcomes = await Promise.allSettled([one, two].map(({request}) => rig.pods.attach(request)));
    expect(outcomes.map(({status}) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});
