/** How many addresses host-local can still give out, counted as the plugin itself does. */
import {readdir, stat} from 'node:fs/promises';
import {join} from 'node:path';
import type {Conflist} from '../cni/conflist.ts';
import {hostLocalOf, leaseDirOf} from '../cni/leases.ts';
import {errorCodeOf} from '../lib/error-code.ts';
import {arrayOf, isObject, type JsonObject} from '../lib/json.ts';
import {
  addressFrom,
  cidrFrom,
  type Family,
  familyOf,
  lastNumberOf,
  networkAddressOf,
  numberOf,
} from './ip-address.ts';
import type {Trouble} from './trouble.ts';

export interface Pool {
  readonly network: string;
  /** A pod gets one address of every range set of the network. */
  readonly rangeSet: number;
  readonly family: Family;
  /** Of all ranges of the set, for people. */
  readonly subnet: string;
  /** 2 to the power of 64 and more with IPv6. */
  readonly capacity: bigint;
  readonly used: number;
}

interface Range {
  readonly subnet: string;
  readonly first: bigint;
  readonly last: bigint;
  readonly gateway: bigint;
}

/** Of the plugins that take their addresses from host-local; ranges that it would refuse are left out. */
export const poolsOf = async (list: Conflist): Promise<Pool[]> => {
  const pools: Pool[] = [];
  for (const plugin of list.plugins) {
    const ipam = hostLocalOf(plugin);
    if (!ipam) continue;
    const leases = await leasesIn(join(leaseDirOf(ipam), list.name));
    for (const [rangeSet, ranges] of rangeSetsOf(ipam).entries()) {
      const [first] = ranges;
      if (!first) continue;
      const family = familyOf(first.subnet);
      pools.push({
        network: list.name,
        rangeSet,
        family,
        subnet: ranges.map(({subnet}) => subnet).join(', '),
        capacity: ranges.reduce((sum, range) => sum + capacityOf(range), 0n),
        used: leases[family].filter((ip) => ranges.some((range) => contains(range, ip))).length,
      });
    }
  }
  return pools;
};

/** The addresses of the smallest range set, used or not; `undefined` without host-local. */
export const capacityOfNetwork = (list: Conflist): bigint | undefined => {
  const capacities = list.plugins
    .map(hostLocalOf)
    .flatMap((ipam) => (ipam ? rangeSetsOf(ipam) : []))
    .map((ranges) => ranges.reduce((sum, range) => sum + capacityOf(range), 0n));
  return capacities.toSorted((one, other) => (one < other ? -1 : 1))[0];
};

/** One set without a free address is enough: a pod needs an address of each. */
export const exhausted = (pools: readonly Pool[]): Trouble | undefined => {
  const full = pools.find(({capacity, used}) => BigInt(used) >= capacity);
  return (
    full && {
      reason: 'AddressPoolExhausted',
      message: `network ${full.network} has no free address left in ${full.subnet}`,
      runningPodsUnaffected: true,
    }
  );
};

/** The old way to write a single range comes first, as in host-local's config.go. */
const rangeSetsOf = (ipam: JsonObject): Range[][] => {
  const sets = arrayOf(ipam['ranges']).map((set) => arrayOf(set).filter(isObject));
  const all = 'subnet' in ipam ? [[ipam], ...sets] : sets;
  return all.map((set) => set.flatMap((range) => rangeFrom(range) ?? []));
};

/** host-local's range.go: without a start it begins after the network address, and ends before IPv4's broadcast address. */
const rangeFrom = ({subnet, rangeStart, rangeEnd, gateway}: JsonObject): Range | undefined => {
  const cidr = cidrFrom(subnet);
  if (cidr === undefined) return undefined;
  const network = numberOf(networkAddressOf(cidr));
  const end = lastNumberOf(cidr);
  if (end - network < 3n) return undefined; // too small to allocate from
  return {
    subnet: cidr,
    first: numberIn(rangeStart, network + 1n),
    last: numberIn(rangeEnd, familyOf(cidr) === 4 ? end - 1n : end),
    gateway: numberIn(gateway, network + 1n),
  };
};

const numberIn = (value: unknown, otherwise: bigint): bigint => {
  const ip = addressFrom(value);
  return ip === undefined ? otherwise : numberOf(ip);
};

const contains = ({first, last}: Range, ip: bigint): boolean => first <= ip && ip <= last;

/** The gateway is never given out. */
const capacityOf = (range: Range): bigint => {
  const size = range.last - range.first + 1n;
  if (size <= 0n) return 0n;
  return contains(range, range.gateway) ? size - 1n : size;
};

type Leases = Readonly<Record<Family, readonly bigint[]>>;

interface Listing {
  readonly changed: bigint;
  readonly leases: Leases;
}

/** A listing is good for as long as the directory is unchanged, so that asking for readiness again and again is cheap. */
const listings = new Map<string, Listing>();
/** The kernel's clock ticks every few milliseconds: what has changed just now may change again within the same tick. */
const settledNs = 1_000_000_000n;

const leasesIn = async (dir: string): Promise<Leases> => {
  try {
    const {mtimeNs: changed} = await stat(dir, {bigint: true});
    const known = listings.get(dir);
    if (known?.changed === changed) return known.leases;
    const leases = leasesOf(await readdir(dir));
    if (BigInt(Date.now()) * 1_000_000n - changed > settledNs) listings.set(dir, {changed, leases});
    else listings.delete(dir);
    return leases;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return leasesOf([]); // nothing has been leased yet
    throw error;
  }
};

/** host-local names files by the address, besides `lock` and `last_reserved_ip.0`. */
const leasesOf = (names: readonly string[]): Leases => {
  const ips = names.flatMap((name) => addressFrom(name) ?? []);
  const numbers = (family: Family) => ips.filter((ip) => familyOf(ip) === family).map(numberOf);
  return {4: numbers(4), 6: numbers(6)};
};
