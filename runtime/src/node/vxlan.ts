/**
 * Computes the tunnels to the other nodes, which then need no common link. Everything is derived from the nodes in the API
 * server, so that no node has to publish anything.
 */
import {createHash} from 'node:crypto';
import {addressFrom, addressOfBytes, bytesOf, familyOf, networkAddressOf, ofFamily} from './ip-address.ts';
import type {NodeFacts} from './node-facts.ts';
import type {Route} from './routes.ts';

export const vxlanDevice = 'kni.vxlan';
export const vxlanId = 107;
/** Linux's default, as in flannel and Cilium. Hypervisors with their own overlays may drop IANA's 4789. */
export const vxlanPort = 8472;

/** Bytes for Ethernet, VXLAN, UDP and outer IP headers. */
const overhead = {4: 50, 6: 70} as const;

export const tunnelledMtu = (underlayMtu: number, underlayIp: string): number =>
  underlayMtu - overhead[familyOf(underlayIp)];

/** The tunnel address of a node. One device supports one IP family; IPv4 is preferred. */
export const tunnelEndOf = ({internalIps}: NodeFacts): string | undefined =>
  ofFamily(internalIps, 4) ?? ofFamily(internalIps, 6);

/** The MAC address of a node's vxlan device: locally administered, with a prefix that marks it as ours. */
export const tunnelMacOf = (underlayIp: string): string => {
  const bytes =
    familyOf(underlayIp) === 4
      ? [0x0a, 0x6b, ...bytesOf(underlayIp)]
      : [
          0x0e,
          ...createHash('sha256')
            .update(String(addressFrom(underlayIp)))
            .digest()
            .subarray(0, 5),
        ];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
};

export const isTunnelMac = (mac: string): boolean => /^(?:0a:6b|0e):/.test(mac);

/** Frames for `mac` are sent to node address `to`. */
export interface ForwardingEntry {
  readonly mac: string;
  readonly to: string;
}

/** Replaces address resolution, which would flood all nodes. */
export interface Neighbour {
  readonly ip: string;
  readonly mac: string;
}

export interface Overlay {
  readonly forwarding: readonly ForwardingEntry[];
  readonly neighbours: readonly Neighbour[];
  readonly routes: readonly Route[];
}

/** Covers all other nodes that have a podCIDR and an address of the same family as the tunnel address of `own`. */
export const overlayOf = (nodes: readonly NodeFacts[], own: NodeFacts): Overlay => {
  const ownEnd = tunnelEndOf(own);
  const peers = nodes
    .filter(({name, podCidrs}) => name !== own.name && podCidrs.length > 0)
    .flatMap(({podCidrs, internalIps}) => {
      const end = ownEnd && ofFamily(internalIps, familyOf(ownEnd));
      return end ? [{podCidrs, end, mac: tunnelMacOf(end)}] : [];
    });
  const ways = peers.flatMap(({podCidrs, mac}) => podCidrs.map((to) => ({to, via: gatewayOf(to, mac), mac})));
  return {
    forwarding: peers.map(({mac, end}) => ({mac, to: end})),
    neighbours: ways.map(({via, mac}) => ({ip: via, mac})),
    routes: ways.map(({to, via}) => ({to, via, device: vxlanDevice})),
  };
};

/**
 * The gateway address for the other node's end of the tunnel. IPv4 uses the network address of its podCIDR, which no pod
 * has. IPv6 would refuse that while another route to it exists, so IPv6 uses a link-local address.
 */
const gatewayOf = (podCidr: string, mac: string): string =>
  familyOf(podCidr) === 4 ? networkAddressOf(podCidr) : linkLocalOf(mac);

/** By modified EUI-64 (RFC 4291, appendix A). */
const linkLocalOf = (mac: string): string => {
  const [first = 0, ...others] = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  const identifier = [first ^ 0x02, ...others.slice(0, 2), 0xff, 0xfe, ...others.slice(2)];
  return addressOfBytes([0xfe, 0x80, 0, 0, 0, 0, 0, 0, ...identifier]);
};
