/** Interfaces of the node and of pods: netns, bridges and veth pairs, set up with iproute2. */
import {createHash} from 'node:crypto';
import {arrayOf, objectOf, stringOf} from '../lib/json.ts';
import {openNetnsDir} from '../netns/netns-dir.ts';
import {prepareBridge} from '../node/bridge.ts';
import {familyOf} from '../node/ip-address.ts';
import {createNodeLinks} from '../node/links.ts';
import {exec, run} from './exec.ts';
import type {Settings} from './settings.ts';

export interface NetnsDirectory {
  /** Creates a netns with `lo` up at this path, unless it exists. */
  create(path: string): Promise<void>;
  /** Removes the netns, and with it the interfaces inside. A missing one is fine. */
  remove(path: string): Promise<void>;
  exists(path: string): boolean;
}

/** Opens the directory of `settings.netnsDir`, where `ip netns` finds the network namespaces, too. */
export const openNetns = async ({netnsDir}: Pick<Settings, 'netnsDir'>): Promise<NetnsDirectory> => {
  const dir = await openNetnsDir(netnsDir, exec);
  return {
    create: (path) => dir.create(path),
    remove: (path) => dir.remove(path),
    exists: (path) => dir.exists(path),
  };
};

/** Creates the bridge unless it exists, brings it up, and gives it the addresses: `10.244.1.1/24`. Idempotent. */
export const ensureBridge = async (bridge: string, addresses: readonly string[]): Promise<void> => {
  // A bridge without a fixed MAC takes that of one of its ports, and pods lose their gateway when that port is removed.
  const create = ['link', 'add', bridge, 'address', macOf([bridge, ...addresses]), 'type', 'bridge'];
  await run('ip', create).catch((error: unknown) => {
    if (!isRefused(error, 'File exists')) throw error;
  });
  if (addresses.some((address) => familyOf(address) === 6)) await prepareBridge(exec, bridge);
  await batch([`link set dev ${bridge} up`, ...addresses.map((address) => addressLine(address, bridge))]);
};

export interface Veth {
  /** Path of the pod's netns. */
  readonly netns: string;
  /** Name of the interface in the pod, such as `eth0`. */
  readonly name: string;
  /** Name of the other end, on the node; see `vethNameOf`. */
  readonly hostName: string;
  /** The bridge of the node that the other end joins. */
  readonly bridge: string;
  /** Addresses of the pod with prefix length: `10.244.1.2/24`. */
  readonly addresses: readonly string[];
  /** Next hops of the default routes, one per IP family; a prefix length is ignored. */
  readonly gateways: readonly string[];
  /** In bytes; the kernel's default without it. */
  readonly mtu?: number | undefined;
}

/**
 * Connects a pod: creates a veth pair, and gives the end in the pod its addresses and default routes. Replaces a pair that an
 * interrupted call has left. Resolves with the MAC address of the interface in the pod.
 */
export const addVeth = async (veth: Veth): Promise<{readonly mac: string}> => {
  const {netns, name, hostName, bridge, addresses, gateways, mtu} = veth;
  const size = mtu === undefined ? '' : ` mtu ${mtu}`;
  // The MAC follows from the address: neighbours that still know a former pod of the address reach the new one.
  const peer = `peer name ${name}${size} address ${macOf(addresses)} netns ${netns}`;
  const lines = [
    `link add ${hostName}${size} type veth ${peer}`,
    `link set dev ${hostName} master ${bridge} up`,
  ];
  await batch(lines).catch(async (error: unknown) => {
    if (!isRefused(error, 'File exists')) throw error;
    await removeLink(hostName);
    await batch(lines);
  });
  const hops = gateways.map((gateway) => gateway.split('/')[0] ?? '');
  const shown = await batch(
    [
      'link set dev lo up',
      `link set dev ${name} up`,
      ...addresses.map((address) => addressLine(address, name)),
      ...hops.map((hop) => `route replace default via ${hop} dev ${name}`),
      `link show dev ${name}`,
    ],
    {netns, prepare: addresses.some((each) => familyOf(each) === 6) ? allowIPv6(name) : ''},
  );
  return {mac: stringOf(objectOf(arrayOf(JSON.parse(shown))[0])['address']) ?? ''};
};

/** A name for the other end of a pod's veth pair, such as `veth1a2b3c4d`, from the key of its record. At most 15 characters. */
export const vethNameOf = (key: string): string =>
  `veth${createHash('sha256').update(key).digest('hex').slice(0, 8)}`;

/** Removes an interface of the node; of a veth pair, both ends. A missing one is fine. */
export const removeLink = (name: string): Promise<void> => createNodeLinks(exec, '').remove(name);

/** Where an address of IPv6 is usable at once, because no other interface can have it. */
const addressLine = (address: string, name: string): string =>
  `address replace ${address} dev ${name}${familyOf(address) === 6 ? ' nodad' : ''}`;

/** Nodes may disable IPv6 for new interfaces. */
const allowIPv6 = (name: string): string => `echo 0 >/proc/sys/net/ipv6/conf/${name}/disable_ipv6; `;

/** Runs lines of `ip -batch` until one fails, in a netns if it is given. Returns what they print, as JSON. */
const batch = (
  lines: readonly string[],
  {netns, prepare = ''}: {readonly netns?: string; readonly prepare?: string} = {},
): Promise<string> => {
  const input = `${lines.join('\n')}\n`;
  if (netns === undefined) return run('ip', ['-json', '-batch', '-'], input);
  return run('nsenter', [`--net=${netns}`, 'sh', '-c', `${prepare}exec ip -json -batch -`], input);
};

/** A locally administered unicast address. */
const macOf = (texts: readonly string[]): string => {
  const digits = createHash('sha256').update(texts.join()).digest('hex').slice(0, 10);
  return ['0a', ...(digits.match(/../g) ?? [])].join(':');
};

const isRefused = (error: unknown, text: string): boolean =>
  error instanceof Error && error.message.includes(text);
