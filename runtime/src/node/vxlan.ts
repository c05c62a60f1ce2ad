/**
 * Tunnels to the other nodes, which then need no common link. Every node can work out what it needs to know of another
 * one from the API server's nodes alone: nothing has to be published.
 */
import {createHash} from 'node:crypto';
import {addressFrom, addressOfBytes, bytesOf, familyOf, networkAddressOf, ofFamily} from './ip-address.ts';
import type {NodeFacts} from './node-facts.ts';
import type {Route} from './routes.ts';

export const vxlanDevice = 'kni.vxlan';
export const vxlanId = 107;
/** Linux's own number, as flannel and Cilium use it; hypervisors with overlays of their own drop IANA's 4789. */
export const vxlanPort = 8472;

/** Ethernet, VXLAN, UDP, and the outer IP header. */
const overhead = {4: 50, 6: 70} as const;

export const tunnelledMtu = (underlayMtu: number, underlayIp: string): number =>
  underlayMtu - overhead[familyOf(underlayIp)];

/** Where tunnels to a node end. One device sends over one family only, and IPv4 it is where there are both. */
export const tunnelEndOf = ({internalIps}: NodeFacts): string | undefined =>
  ofFamily(internalIps, 4) ?? ofFamily(internalIps, 6);

/** The MAC address of a node's end of the tunnels: locally administered, and marked so that it is known for ours. */
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

/** Which node a frame for this MAC address is sent to. */
export interface ForwardingEntry {
  readonly mac: string;
  readonly to: string;
}

/** Stands for address resolution, which would have to ask all nodes. */
export interface Neighbour {
  readonly ip: string;
  readonly mac: string;
}

export interface Overlay {
  readonly forwarding: readonly ForwardingEntry[];
  readonly neighbours: readonly Neighbour[];
  readonly routes: readonly Route[];
}

/** To all nodes but `own` that have pods and an address of the family of its own one. */
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
 * What the other node's end of the tunnel is called in routes. With IPv4 it is the first address of its pods, which is no
 * pod's. IPv6 refuses that as a gateway while a route to it goes another way; an address of the link is never refused.
 */
const gatewayOf = (podCidr: string, mac: string): string =>
  familyOf(podCidr) === 4 ? networkAddressOf(podCidr) : linkLocalOf(mac);

/** By modified EUI-64 (RFC 4291, appendix A). */
const linkLocalOf = (mac: string): string => {
  const [first = 0, ...others] = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  const identifier = [first ^ 0x02, ...others.slice(0, 2), 0xff, 0xfe, ...others.slice(2)];
  return addressOfBytes([0xfe, 0x80, 0, 0, 0, 0, 0, 0, ...identifier]);
};
