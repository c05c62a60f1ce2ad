/**
 * Lets nodes alone send packets into the tunnels. A tunnel does not prove who sent a packet, so that a pod with a UDP socket
 * could send packets to pods in the name of any address. docs/network-isolation.md explains each rule.
 *
 * The chains are in the table mangle: it comes after the translation of destinations, so that a service cannot hide
 * the port, and before the table filter, where kube-proxy and others accept packets.
 */
import type {Exec} from '../process/exec.ts';
import type {Cluster} from './cluster.ts';
import {bridgeName} from './conflist-of-node.ts';
import {hasIPv6} from './forwarding.ts';
import {type Family, familyOf, ofFamily} from './ip-address.ts';
import {ensureJump, hasChain, type Jump, removeJump, restoreChains} from './iptables.ts';
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

/** For iptables-restore. Every packet here is one of UDP to the port of the tunnels. */
export const firewallRules = ({own, nodes, podCidrs}: Cluster, family: Family): string => {
  const is = (text: string) => familyOf(text) === family;
  const end = ofFamily(own.internalIps, family);
  const nodeIps = [...new Set(nodes.flatMap(({internalIps}) => internalIps.filter(is)))];
  return [
    `*${table}`,
    ...Object.values(chains).map((chain) => `:${chain} - [0:0]`),
    // The match also makes the kernel reassemble fragments first, which would hide the port.
    `-A ${chains.input} -m conntrack --ctstate INVALID -j DROP`,
    // A service of another node turns a pod's packet to any port of it into one to this port, and it comes as its node's.
    `-A ${chains.input} -m conntrack --ctstate DNAT -j DROP`,
    `-A ${chains.input} -i ${bridgeName} -j DROP`,
    `-A ${chains.input} -i ${vxlanDevice} -j DROP`,
    // Nodes send to the address that the API server shows; a pod's packet to another one may seem to come from a node.
    ...(end ? [`-A ${chains.input} ! -d ${end} -j DROP`] : []),
    ...nodeIps.map((ip) => `-A ${chains.input} -s ${ip} -j RETURN`),
    `-A ${chains.input} -j DROP`,
    // Pods may have tunnels of their own between each other: their addresses stay, and no node takes them for a node's.
    ...podCidrs.filter(is).map((cidr) => `-A ${chains.forward} -d ${cidr} -j RETURN`),
    `-A ${chains.forward} -i ${bridgeName} -j DROP`,
    ...own.podCidrs.filter(is).map((cidr) => `-A ${chains.forward} -s ${cidr} -j DROP`),
    ...nodeIps.map((ip) => `-A ${chains.forward} -d ${ip} -m conntrack --ctstate DNAT -j DROP`),
    // This node may be the router of other nodes.
    ...nodeIps.map((ip) => `-A ${chains.forward} -s ${ip} -j RETURN`),
    ...nodeIps.map((ip) => `-A ${chains.forward} -d ${ip} -j DROP`),
    // With IPVS, kube-proxy sends on from here what pods have sent to a service.
    `-A ${chains.output} -m addrtype ! --src-type LOCAL -j DROP`,
    'COMMIT',
    '',
  ].join('\n');
};

/** Must be called before the tunnel device is there. */
export const applyFirewall = async (exec: Exec, cluster: Cluster): Promise<void> => {
  for (const family of await familiesOf(cluster.own)) {
    await restoreChains(exec, family, firewallRules(cluster, family));
    for (const jump of jumps) await ensureJump(exec, family, jump);
  }
};

/** Must be called after the tunnel device is gone. */
export const removeFirewall = async (exec: Exec): Promise<void> => {
  for (const family of [4, 6] as const) {
    if (!(await hasChain(exec, family, table, chains.input))) continue;
    for (const jump of jumps) await removeJump(exec, family, jump);
    const lines = Object.values(chains).flatMap((chain) => [`:${chain} - [0:0]`, `-X ${chain}`]);
    await restoreChains(exec, family, `*${table}\n${lines.join('\n')}\nCOMMIT\n`);
  }
};

/** The families that other nodes may know this one by, and those of its pods. */
const familiesOf = async ({internalIps, podCidrs}: NodeFacts): Promise<Family[]> => {
  const families = new Set([...internalIps, ...podCidrs].map(familyOf));
  if (!(await hasIPv6())) families.delete(6);
  return [...families];
};
