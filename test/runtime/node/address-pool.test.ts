import {mkdir, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {parseConflist} from '../../../runtime/src/cni/conflist.ts';
import {exhausted, poolsOf, whyUncounted} from '../../../runtime/src/node/address-pool.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const listOf = (ipam: object) =>
  parseConflist(
    JSON.stringify({
      cniVersion: '1.0.0',
      name: 'net',
      plugins: [{type: 'bridge', ipam: {type: 'host-local', ...ipam}}, {type: 'portmap'}],
    }),
  );

const rig = async () => {
  const dir = await tempDir();
  const leases = dir.join('net');
  await mkdir(leases);
  return {
    pools: (ipam: object) => poolsOf(listOf({dataDir: dir.path, ...ipam})),
    lease: (ip: string) => writeFile(join(leases, ip), 'sandbox\r\neth0'),
    release: (ip: string) => rm(join(leases, ip)),
    settle: () => delay(150),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
};

const capacities = (pools: readonly {readonly capacity: bigint}[]) => pools.map(({capacity}) => capacity);

describe('the addresses of a network', () => {
  it.each<[string, object, bigint]>([
    ['a /24', {subnet: '10.1.0.0/24'}, 253n],
    ['a /30', {subnet: '10.1.0.0/30'}, 1n],
    ['a gateway in the midst of them', {subnet: '10.1.0.0/24', gateway: '10.1.0.77'}, 253n],
    [
      'a gateway outside of the range',
      {subnet: '10.1.0.0/24', rangeStart: '10.1.0.10', rangeEnd: '10.1.0.19'},
      10n,
    ],
    ['a range with the gateway in it', {subnet: '10.1.0.0/24', rangeEnd: '10.1.0.4'}, 3n],
    [
      'a range to the very end',
      {subnet: '10.1.0.0/24', rangeStart: '10.1.0.250', rangeEnd: '10.1.0.255'},
      6n,
    ],
    ['a range turned round', {subnet: '10.1.0.0/24', rangeStart: '10.1.0.9', rangeEnd: '10.1.0.4'}, 0n],
    ['a /64', {subnet: 'fd00::/64'}, 2n ** 64n - 2n],
    ['a whole family', {subnet: '::/0'}, 2n ** 128n - 2n],
  ])('are counted as host-local counts them: %s', async (_, range, capacity) => {
    await using at = await rig();
    expect(await at.pools({ranges: [[range]]})).toMatchObject([
      {network: 'net', rangeSet: 0, capacity, used: 0},
    ]);
  });

  it('are counted for each range set', async () => {
    await using at = await rig();
    await at.lease('10.1.0.2');
    await at.lease('10.1.1.5');
    await at.lease('10.9.0.1'); // of a range that the network no longer has
    await at.lease('fd00::2');
    await at.lease('last_reserved_ip.0');
    const ranges = [[{subnet: '10.1.0.0/29'}, {subnet: '10.1.1.0/29'}], [{subnet: 'fd00::/64'}]];
    expect(await at.pools({ranges})).toEqual([
      {network: 'net', rangeSet: 0, family: 4, subnet: '10.1.0.0/29, 10.1.1.0/29', capacity: 10n, used: 2},
      {network: 'net', rangeSet: 1, family: 6, subnet: 'fd00::/64', capacity: 2n ** 64n - 2n, used: 1},
    ]);
  });

  it('may be written the old way, before the ranges', async () => {
    await using at = await rig();
    expect(capacities(await at.pools({subnet: '10.1.0.0/29', ranges: [[{subnet: 'fd00::/126'}]]}))).toEqual([
      5n,
      2n,
    ]);
  });

  it.each([
    [{}],
    [{ranges: 7}],
    [{ranges: [[{subnet: 'x'}], 7, [7]]}],
    [{ranges: [[{subnet: '10.1.0.0/31'}]]}],
  ])('are unknown of %j', async (ipam) => {
    await using at = await rig();
    expect(await at.pools(ipam)).toEqual([]);
  });

  it('are unknown without host-local', async () => {
    const list = {
      cniVersion: '1.0.0',
      name: 'net',
      plugins: [{type: 'a', ipam: {type: 'dhcp'}}, {type: 'b'}],
    };
    expect(await poolsOf(parseConflist(JSON.stringify(list)))).toEqual([]);
  });

  describe('of a plugin that delegates', () => {
    const listWith = (plugin: object) =>
      parseConflist(
        JSON.stringify({cniVersion: '0.3.1', name: 'outer', plugins: [plugin, {type: 'portmap'}]}),
      );

    it('come from the file of flannel, also when it is written later', async () => {
      await using dir = await tempDir();
      const list = listWith({type: 'flannel', subnetFile: dir.join('subnet.env')});
      expect(await poolsOf(list)).toEqual([]);
      expect(whyUncounted(list, [])).toBe('the plugin flannel does not say which addresses it can assign');
      await writeFile(dir.join('subnet.env'), 'FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.3.1/24\n');
      const pools = await poolsOf(list);
      expect(pools).toMatchObject([{network: 'outer', subnet: '10.1.3.0/24', capacity: 253n, used: 0}]);
      expect(whyUncounted(list, pools)).toBeUndefined();
    });

    it.each([
      ['a plugin', (plugin: object) => ({name: 'inner', ...plugin})],
      ['a list', (plugin: object) => ({name: 'inner', plugins: [plugin, {type: 'portmap'}]})],
    ])('are those of the first delegate of Multus: %s', async (_, delegate) => {
      await using dir = await tempDir();
      await mkdir(dir.join('inner'));
      await writeFile(dir.join('inner/10.1.0.2'), 'sandbox');
      const ipam = {type: 'host-local', dataDir: dir.path, subnet: '10.1.0.0/29'};
      const delegates = [delegate({type: 'bridge', ipam}), {type: 'bridge', ipam: {type: 'dhcp'}}];
      expect(await poolsOf(listWith({type: 'multus', delegates}))).toMatchObject([
        {network: 'inner', capacity: 5n, used: 1},
      ]);
    });

    it('cannot be counted if the plugin hides them', async () => {
      const list = listWith({type: 'multus-shim'});
      expect(whyUncounted(list, await poolsOf(list))).toMatch(/^the plugin multus-shim does not say/);
      const other = listWith({type: 'bridge', ipam: {type: 'dhcp'}});
      expect(whyUncounted(other, await poolsOf(other))).toMatch(/^the plugin dhcp does not say/);
    });
  });

  it('are all free before the first one is leased', async () => {
    await using dir = await tempDir();
    const list = listOf({dataDir: dir.join('none'), subnet: '10.1.0.0/29'});
    expect(await poolsOf(list)).toMatchObject([{capacity: 5n, used: 0}]);
  });

  it('are counted again after every change, settled or not', async () => {
    await using at = await rig();
    const used = async () => (await at.pools({subnet: '10.1.0.0/29'})).map((pool) => pool.used);
    for (const [index, ip] of ['10.1.0.2', '10.1.0.3', '10.1.0.4'].entries()) {
      await at.lease(ip);
      expect(await used()).toEqual([index + 1]);
      if (index === 1) await at.settle();
      expect(await used()).toEqual([index + 1]);
      expect(await used()).toEqual([index + 1]);
    }
    await at.release('10.1.0.3');
    expect(await used()).toEqual([2]);
  });
});

describe('a pool', () => {
  it('is exhausted when one range set is', async () => {
    await using at = await rig();
    const ipam = {ranges: [[{subnet: '10.1.0.0/24'}], [{subnet: 'fd00::/126'}]]};
    expect(exhausted(await at.pools(ipam))).toBeUndefined();
    await at.lease('fd00::2');
    expect(exhausted(await at.pools(ipam))).toBeUndefined();
    await at.lease('fd00::3');
    expect(exhausted(await at.pools(ipam))).toEqual({
      reason: 'AddressPoolExhausted',
      message: 'network net has no free address left in fd00::/126',
      runningPodsUnaffected: true,
    });
  });

  it('is not exhausted when the pool is missing', () => {
    expect(exhausted([])).toBeUndefined();
  });
});
