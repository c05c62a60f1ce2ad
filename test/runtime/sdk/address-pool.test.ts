import {describe, expect, it} from 'vitest';
import {RpcError} from '../../../runtime/src/lib/rpc-error.ts';
import {createAddressPool} from '../../../runtime/src/sdk/address-pool.ts';

describe('a pool of addresses', () => {
  it('keeps the first address of each subnet for the gateway, and gives the next ones', () => {
    const pool = createAddressPool(['10.0.0.0/29', 'fd00:1::/64']);
    expect(pool.gateways).toEqual(['10.0.0.1/29', 'fd00:1::1/64']);
    expect(pool.take()).toEqual(['10.0.0.2/29', 'fd00:1::2/64']);
    expect(pool.take()).toEqual(['10.0.0.3/29', 'fd00:1::3/64']);
  });

  it('gives no address twice, and a released one as late as possible', () => {
    const pool = createAddressPool(['10.0.0.0/29']);
    const first = pool.take();
    pool.release(first);
    const taken = Array.from({length: 5}, () => pool.take()[0]);
    expect(new Set(taken).size).toBe(5);
    expect(taken.at(-1)).toBe(first[0]);
  });

  it('has no address left when all but network, gateway and broadcast are taken', () => {
    const pool = createAddressPool(['10.0.0.0/30']);
    expect(pool.trouble()).toBeUndefined();
    const taken = pool.take();
    expect(pool.trouble()).toEqual({
      reason: 'AddressPoolExhausted',
      message: 'no free address left in 10.0.0.0/30',
      running_pods: 'unaffected',
    });
    expect(() => pool.take()).toThrow(
      new RpcError('RESOURCE_EXHAUSTED', 'no free address left in 10.0.0.0/30'),
    );
    pool.release(taken);
    expect(pool.take()).toEqual(taken);
  });

  it('takes from no subnet if another one is full', () => {
    const pool = createAddressPool(['10.0.0.0/24', '10.0.1.0/30']);
    const taken = pool.take();
    expect(() => pool.take()).toThrow(RpcError);
    pool.release(taken);
    expect(pool.take()[0]).toBe('10.0.0.3/24');
  });

  it('leaves out reserved addresses, with and without prefix length, and ignores others', () => {
    const pool = createAddressPool(['10.0.0.0/29']);
    pool.reserve(['10.0.0.2/29', '10.0.0.3', '192.0.2.1', 'fd00::1', '10.0.0.1']);
    expect(pool.take()).toEqual(['10.0.0.4/29']);
    pool.release(['192.0.2.1', 'fd00::1']);
  });

  it.each(['10.0.0.0/31', '10.0.0.1/32', 'fd00::/128'])(
    'refuses %s, which has no room for a pod',
    (subnet) => {
      expect(() => createAddressPool([subnet])).toThrow(`subnet ${subnet} is too small for pods`);
    },
  );
});
