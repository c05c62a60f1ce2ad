/**
 * Accepts tunnel packets from nodes only. VXLAN has no authentication, so a pod with a UDP socket could send packets to
 * pods with any source address. docs/network-isolation.md explains each rule.
 *
 * The chains are in the table mangle. It follows the translation of destinations, so that a service cannot hide the port,
 * and precedes the table filter, where kube-proxy and others accept packets.
 */
import type {Exec} from '../process/exec.ts';
import type {Cluster} from './cluster.ts';
import {bridgeName} from './conflist-of-node.ts';
import {hasIPv6} from './forwarding.ts';
import {type Family, familyOf, ofFamily} from './ip-address.ts';
import {ensureJump, type Jump, removeChains, restoreChains} from './iptables.ts';
import type {NodeFacts} from './node-facts.ts';
import {vxlanDevice, vxlanPort} from './vxlan.ts';

const table = 'mangle';
const chains = {input: 'KNI-VXLAN-IN', forward: 'KNI-VXLAN-FWD', output: 'KNI-VXLAN-OUT'} as const;

const match = ['-p', 'udp', '-m', 'udp', '--dport', String(vxlanPort)];
const comment = ['-m', 'comment', '--comment', 'kni: tunnels are for nodes'];
const jumpTo = (chain: string, from: string): Jump => ({
  table,
  from,
  rule: [...match, ...comment, '-j', chain],
  position: 'first',
});
const jumps: readonly Jump[] = [
  jumpTo(chains.input, 'INPUT'),
  jumpTo(chains.forward, 'FORWARD'),
  jumpTo(chains.output, 'OUTPUT'),
];

/** Input for iptables-restore. The jumps send only UDP packets to the tunnel port here. */
export const firewallRules = ({own, nodes, podCidrs}: Cluster, family: Family): string => {
  const is = (text: string) => familyOf(text) === family;
  const end = ofFamily(own.internalIps, family);
  const nodeIps = [...new Set(nodes.flatMap(({internalIps}) => internalIps.filter(is)))];
  return [
    `*${table}`,
    ...Object.values(chains).map((chain) => `:${chain} - [0:0]`),
    // The conntrack match also makes the kernel reassemble fragments, which would hide the port.
    `-A ${chains.input} -m conntrack --ctstate INVALID -j DROP`,
    // A service on another node may redirect a pod's packet to this port, with that node's address as its source.
    `-A ${chains.input} -m conntrack --ctstate DNAT -j DROP`,
    `-A ${chains.input} -i ${bridgeName} -j DROP`,
    `-A ${chains.input} -i ${vxlanDevice} -j DROP`,
    // Nodes use only the address in the API server; a pod's packet to another address may appear to come from a node.
    ...(end ? [`-A ${chains.input} ! -d ${end} -j DROP`] : []),
    ...nodeIps.map((ip) => `-A ${chains.input} -s ${ip} -j RETURN`),
    `-A ${chains.input} -j DROP`,
    // Tunnels between pods are allowed: they keep pod addresses, which no node accepts as a node's.
    ...podCidrs.filter(is).map((cidr) => `-A ${chains.forward} -d ${cidr} -j RETURN`),
    `-A ${chains.forward} -i ${bridgeName} -j DROP`,
    ...own.podCidrs.filter(is).map((cidr) => `-A ${chains.forward} -s ${cidr} -j DROP`),
    ...nodeIps.map((ip) => `-A ${chains.forward} -d ${ip} -m conntrack --ctstate DNAT -j DROP`),
    // This node may route packets between other nodes.
    ...nodeIps.map((ip) => `-A ${chains.forward} -s ${ip} -j RETURN`),
    ...nodeIps.map((ip) => `-A ${chains.forward} -d ${ip} -j DROP`),
    // With IPVS, packets from pods to a service leave through this chain.
    `-A ${chains.output} -m addrtype ! --src-type LOCAL -j DROP`,
    'COMMIT',
    '',
  ].join('\n');
};

/** Must be called before the tunnel device exists. */
export const applyFirewall = async (exec: Exec, cluster: Cluster): Promise<void> => {
  for (const family of await familiesOf(cluster.own)) {
    await restoreChains(exec, family, firewallRules(cluster, family));
    for (const jump of jumps) await ensureJump(exec, family, jump);
  }
};

/** Must be called after the tunnel device was removed. */
export const removeFirewall = (exec: Exec): Promise<void> =>
  removeChains(exec, {table, chains: Object.values(chains), jumps});

/** The IP families of this node's addresses and of its pods. */
const familiesOf = async ({internalIps, podCidrs}: NodeFacts): Promise<Family[]> => {
  const families = new Set([...internalIps, ...podCidrs].map(familyOf));
  if (!(await hasIPv6())) families.delete(6);
  return [...families];
};
