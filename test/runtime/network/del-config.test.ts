import {describe, expect, it, vi} from 'vitest';
import {parseConflist} from '../../../runtime/src/cni/conflist.ts';
import {one, side} from '../../rig/runtime/failing-pods.ts';
import {conflistOf} from '../../rig/runtime/plugins.ts';
import {type PodsRig, podsRig} from '../../rig/runtime/pods.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

describe('the configuration of a DEL', () => {
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
  ])('is the recorded one when the new one has %s', async (_, extra, types) => {
    await using rig = await podsRig();
    await rig.plugins.plan({'third ADD': 'error', 'third DEL': 'error->ok'});
    await rig.pods.create(one.pod, '0');
    await expect(rig.pods.attach(onSide)).rejects.toThrow('no address left');
    rig.named['side'] = corrected(rig, {mtu: 1400, ...extra}, types);
    rig.clock.ms += 5_000;
    await rig.pods.sweep();
    expect(await mtuGivenToDel(rig)).toEqual([undefined, undefined]);
  });

  it('is the one of ADD when ADD has finished', async () => {
    await using rig = await podsRig();
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach(onSide);
    rig.named['side'] = corrected(rig, {mtu: 1400});
    await rig.pods.detach(one.selector);
    expect(await mtuGivenToDel(rig)).toEqual([undefined]);
  });
});
