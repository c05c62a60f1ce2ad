/** A small pool of addresses. It is in memory: the records of the pods say at each start which addresses are taken. */
import {RpcError} from '../lib/rpc-error.ts';
import {addressOfBytes, familyOf, lastNumberOf, networkAddressOf, numberOf} from '../node/ip-address.ts';
import type {Trouble} from './messages.ts';

export interface AddressPool {
  /** The first address of each subnet, with prefix length, for the bridge: `10.244.1.1/24`. */
  readonly gateways: readonly string[];
  /**
   * One free address of each subnet, with prefix length: `10.244.1.2/24`. An address that was released comes again as late as
   * possible. Throws RpcError `RESOURCE_EXHAUSTED` if a subnet has no free address.
   */
  take(): readonly string[];
  /** Marks addresses as taken. Addresses outside of the subnets are ignored. */
  reserve(addresses: readonly string[]): void;
  /** Addresses that are not taken are ignored. */
  release(addresses: readonly string[]): void;
  /** A reason if a subnet has no free address, for QueryNodeNetworks. */
  trouble(): Trouble | undefined;
}

/** Subnets as `10.244.1.0/24`, IPv4 or IPv6. Throws if one has no room for a gateway and a pod. */
export const createAddressPool = (subnets: readonly string[]): AddressPool => {
  const ranges = subnets.map(createRange);
  return {
    gateways: ranges.map(({gateway}) => gateway),
    take: () => {
      const full = ranges.find(({isFull}) => isFull());
      if (full) throw new RpcError('RESOURCE_EXHAUSTED', exhausted(full.subnet));
      return ranges.map(({take}) => take());
    },
    reserve: (addresses) => {
      for (const address of addresses) for (const range of ranges) range.reserve(address);
    },
    release: (addresses) => {
      for (const address of addresses) for (const range of ranges) range.release(address);
    },
    trouble: () => {
      const full = ranges.find(({isFull}) => isFull());
      if (!full) return undefined;
      return {reason: 'AddressPoolExhausted', message: exhausted(full.subnet), running_pods: 'unaffected'};
    },
  };
};

const exhausted = (subnet: string): string => `no free address left in ${subnet}`;

const createRange = (subnet: string) => {
  const family = familyOf(subnet);
  const network = numberOf(networkAddressOf(subnet));
  const first = network + 2n; // after the address of the subnet and the gateway
  const last = lastNumberOf(subnet) - (family === 4 ? 1n : 0n); // without the broadcast address
  if (last < first) throw new Error(`subnet ${subnet} is too small for pods`);
  const taken = new Set<bigint>();
  let next = first;
  const textOf = (number: bigint): string =>
    `${addressOfBytes(bytesOf(number, family))}/${subnet.split('/')[1]}`;
  const numberIn = (address: string): bigint | undefined => {
    const [ip = ''] = address.split('/');
    if (familyOf(ip) !== family) return undefined;
    const number = numberOf(ip);
    return number >= first && number <= last ? number : undefined;
  };
  return {
    subnet,
    gateway: textOf(network + 1n),
    isFull: () => BigInt(taken.size) > last - first,
    take: (): string => {
      while (taken.has(next)) next = next === last ? first : next + 1n;
      const found = next;
      taken.add(found);
      next = found === last ? first : found + 1n;
      return textOf(found);
    },
    reserve: (address: string): void => {
      const number = numberIn(address);
      if (number !== undefined) taken.add(number);
    },
    release: (address: string): void => {
      const number = numberIn(address);
      if (number !== undefined) taken.delete(number);
    },
  };
};

const bytesOf = (number: bigint, family: 4 | 6): number[] => {
  const digits = number.toString(16).padStart(family === 4 ? 8 : 32, '0');
  return (digits.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
};
