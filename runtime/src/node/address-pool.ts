/** Counts the addresses that host-local can allocate and has allocated, by the plugin's own rules. */
import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import type {Conflist} from '../cni/conflist.ts';
import {hostLocalOf, leaseDirOf} from '../cni/leases.ts';
import {errorCodeOf} from '../lib/error-code.ts';
import {arrayOf, isObject, type JsonObject} from '../lib/json.ts';
import {memoize} from '../lib/memoize.ts';
import {createReadPaths, type ReadPaths} from '../lib/unchanged.ts';
import {hostLocalsOf} from './delegated-ipam.ts';
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
  /** Index of the range set: a pod gets one address from each. */
  readonly rangeSet: number;
  readonly family: Family;
  /** The subnets of all ranges of the set, for messages. */
  readonly subnet: string;
  /** A bigint, because IPv6 pools have 2^64 addresses and more. */
  readonly capacity: bigint;
  readonly used: number;
}

interface Range {
  readonly subnet: string;
  readonly first: bigint;
  readonly last: bigint;
  readonly gateway: bigint;
}

/**
 * The pools of all plugins with host-local IPAM, including the plugins to which flannel and Multus delegate. Skips ranges that
 * host-local would refuse. Counts the leases only when their directory has changed.
 */
export const poolsOf = async (list: Conflist): Promise<readonly Pool[]> => {
  const last = counted.get(list);
  if (last?.paths.areUnchanged()) return last.pools;
  const paths = createReadPaths();
  const pools = countPools(list, paths);
  counted.set(list, {paths, pools});
  return pools;
};

const countPools = (list: Conflist, paths: ReadPaths): readonly Pool[] => {
  const pools: Pool[] = [];
  for (const {network, ipam} of hostLocalsOf(list, paths)) {
    const {leaseDir, rangeSets} = hostLocalPoolsOf(ipam);
    if (rangeSets.length === 0) continue;
    const dir = join(leaseDir, network);
    paths.add(dir);
    const leases = leasesIn(dir);
    for (const [rangeSet, ranges] of rangeSets.entries()) {
      const [first] = ranges;
      if (!first) continue;
      const family = familyOf(first.subnet);
      pools.push({
        network,
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

/** Why the addresses of a network cannot be counted; undefined if they can. */
export const whyUncounted = ({plugins}: Conflist, pools: readonly Pool[]): string | undefined => {
  const [{type, ipamType}] = plugins;
  if (pools.length > 0) return undefined;
  return ipamType === undefined
    ? `the plugin ${type} does not say which addresses it can assign`
    : `the plugin ${ipamType} does not say which addresses it can assign`;
};

/** The size of the smallest range set; undefined without host-local. */
export const capacityOfNetwork = (list: Conflist): bigint | undefined => {
  const capacities = list.plugins
    .flatMap((plugin) => hostLocalPoolsOf(hostLocalOf(plugin) ?? {}).rangeSets)
    .map((ranges) => ranges.reduce((sum, range) => sum + capacityOf(range), 0n));
  return capacities.toSorted((one, other) => (one < other ? -1 : 1))[0];
};

/** A network is exhausted if any range set is, because a pod needs an address from each. */
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

interface HostLocalPools {
  readonly leaseDir: string;
  readonly rangeSets: readonly (readonly Range[])[];
}

const hostLocalPoolsOf = (ipam: JsonObject): HostLocalPools => ({
  leaseDir: leaseDirOf(ipam),
  rangeSets: rangeSetsOf(ipam),
});

/** As in host-local's config.go, the older form of a single range comes first. */
const rangeSetsOf = (ipam: JsonObject): Range[][] => {
  const sets = arrayOf(ipam['ranges']).map((set) => arrayOf(set).filter(isObject));
  const all = 'subnet' in ipam ? [[ipam], ...sets] : sets;
  return all.map((set) => set.flatMap((range) => rangeFrom(range) ?? []));
};

/** As in host-local's range.go: by default a range excludes the network address and the IPv4 broadcast address. */
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

/** The gateway is never allocated. */
const capacityOf = (range: Range): bigint => {
  const size = range.last - range.first + 1n;
  if (size <= 0n) return 0n;
  return contains(range, range.gateway) ? size - 1n : size;
};

type Leases = Readonly<Record<Family, readonly bigint[]>>;

interface CountedPools {
  readonly paths: ReadPaths;
  readonly pools: readonly Pool[];
}

/** Cached because the kubelet asks for readiness every few seconds. */
const counted = new WeakMap<Conflist, CountedPools>();

/** Synchronous: a promise takes longer than reading the names of some hundred leases. */
const leasesIn = (dir: string): Leases => {
  try {
    return leasesOf(readdirSync(dir));
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return leasesOf([]); // host-local creates it with the first lease
    throw error;
  }
};

/** host-local names files by the address, besides `lock` and `last_reserved_ip.0`. */
const leasesOf = (names: readonly string[]): Leases => {
  const leases = names.map(leaseOf);
  const numbers = (family: Family) => leases.flatMap((lease) => (lease.family === family ? lease.ip : []));
  return {4: numbers(4), 6: numbers(6)};
};

interface LeasedAddress {
  readonly ip: bigint;
  /** Undefined for another file. */
  readonly family: Family | undefined;
}

/** Memoized for the pods of a node: most leases are counted many times. */
const leaseOf = memoize<LeasedAddress>(1000, (name) => {
  const ip = addressFrom(name);
  return ip === undefined ? {ip: 0n, family: undefined} : {ip: numberOf(ip), family: familyOf(ip)};
});
