/** Validates the podCIDRs of the cluster's nodes. Each becomes a route, so a forged one could redirect any traffic. */
import {isWithin, overlaps, type Span, spanOf} from './ip-address.ts';
import type {NodeFacts} from './node-facts.ts';

export interface RefusedPodCidr {
  readonly node: string;
  readonly podCidr: string;
  readonly kind: RefusalKind;
  /** A sentence for people; equal causes have equal texts. */
  readonly why: string;
}

export const refusalKinds = [
  'outside-pod-subnet',
  'larger-than-own',
  'on-own-link',
  'node-address',
  'own-pod-cidr',
  'older-node',
] as const;
export type RefusalKind = (typeof refusalKinds)[number];

export interface PodCidrRules {
  readonly ownName: string;
  /** At most one per IP family. Without one, the stricter rules of `unlikeOwn` apply to the family. */
  readonly podSubnets: readonly string[];
  /** The subnets of the interfaces with an InternalIP of this node. */
  readonly links: readonly string[];
}

export interface CheckedNodes {
  /** All nodes, without refused podCIDRs. */
  readonly nodes: readonly NodeFacts[];
  readonly refused: readonly RefusedPodCidr[];
}

/** Private ranges (RFC 1918, RFC 6598, RFC 4193). A cluster's pod subnet of a family lies in one of them. */
const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'];

/** The podCIDRs of this node are compared with the pod subnet only, so that no other node can take them away. */
export const checkPodCidrs = (all: readonly NodeFacts[], rules: PodCidrRules): CheckedNodes => {
  const ownCidrs = all.find(({name}) => name === rules.ownName)?.podCidrs.map(labelledSpan) ?? [];
  const known: Facts = {
    ownCidrs,
    podSubnets: rules.podSubnets.map(labelledSpan),
    links: rules.links.map(labelledSpan),
    addresses: all.flatMap((node) => node.internalIps.map((ip) => ({...labelledSpan(ip), node}))),
  };
  const accepted: PodSpan[] = [];
  const refused: RefusedPodCidr[] = [];
  const accept = (facts: NodeFacts, podCidr: string): boolean => {
    const node = facts.name;
    const subnet = labelledSpan(podCidr);
    const refusal =
      node === rules.ownName
        ? outsidePodSubnet(subnet, known)
        : (outsidePodSubnet(subnet, known) ??
          unlikeOwn(subnet, known) ??
          takenByNode(subnet, known, (other) => other.name === rules.ownName || byAge(other, facts) <= 0) ??
          takenByPods(subnet, accepted));
    if (refusal) refused.push({node, podCidr, ...refusal});
    else if (node !== rules.ownName) accepted.push({...subnet, node});
    return !refusal;
  };
  const checked = all.toSorted(byAge).map((node) => ({
    ...node,
    podCidrs: node.podCidrs.filter((podCidr) => accept(node, podCidr)),
  }));
  const byName = new Map(checked.map((node) => [node.name, node]));
  return {nodes: all.map((node) => byName.get(node.name) ?? node), refused};
};

interface LabelledSpan extends Span {
  readonly text: string;
}

interface PodSpan extends LabelledSpan {
  readonly node: string;
}

interface Facts {
  readonly ownCidrs: readonly LabelledSpan[];
  readonly podSubnets: readonly LabelledSpan[];
  readonly links: readonly LabelledSpan[];
  readonly addresses: readonly (LabelledSpan & {readonly node: NodeFacts})[];
}

type Refusal = Pick<RefusedPodCidr, 'kind' | 'why'>;

function labelledSpan(text: string): LabelledSpan {
  return {text, ...spanOf(text)};
}

const ofFamily = <Each extends Span>(spans: readonly Each[], {family}: Span): Each | undefined =>
  spans.find((span) => span.family === family);

const outsidePodSubnet = (subnet: LabelledSpan, {podSubnets}: Facts): Refusal | undefined => {
  const allowed = ofFamily(podSubnets, subnet);
  if (allowed === undefined || isWithin(subnet, allowed)) return undefined;
  return {kind: 'outside-pod-subnet', why: `it is outside the pod subnet ${allowed.text}`};
};

/** Without a pod subnet, compares with this node's podCIDR: the controller manager takes all of them from one range. */
const unlikeOwn = (subnet: LabelledSpan, {podSubnets, ownCidrs, links}: Facts): Refusal | undefined => {
  if (ofFamily(podSubnets, subnet)) return undefined;
  const own = ofFamily(ownCidrs, subnet);
  const range = own && privateRanges.map(labelledSpan).find((each) => isWithin(own, each));
  if (range && !isWithin(subnet, range))
    return {
      kind: 'outside-pod-subnet',
      why: `it is outside ${range.text}, where the podCIDR of this node is`,
    };
  if (own && sizeOf(subnet) > sizeOf(own))
    return {kind: 'larger-than-own', why: `it is larger than the podCIDR of this node, ${own.text}`};
  const link = links.find((each) => overlaps(each, subnet));
  return (
    link && {kind: 'on-own-link', why: `it overlaps ${link.text}, the subnet of an interface of this node`}
  );
};

/** `counts` ignores younger nodes: a kubelet reports its own addresses, and must not invalidate an older node's podCIDR. */
const takenByNode = (
  subnet: LabelledSpan,
  {addresses, ownCidrs}: Facts,
  counts: (node: NodeFacts) => boolean,
): Refusal | undefined => {
  const address = addresses.find((each) => overlaps(each, subnet) && counts(each.node));
  if (address)
    return {
      kind: 'node-address',
      why: `it contains the address ${address.text} of node ${address.node.name}`,
    };
  const own = ownCidrs.find((each) => overlaps(each, subnet));
  return own && {kind: 'own-pod-cidr', why: `it overlaps the podCIDR of this node, ${own.text}`};
};

const takenByPods = (subnet: LabelledSpan, accepted: readonly PodSpan[]): Refusal | undefined => {
  const older = accepted.find((each) => overlaps(each, subnet));
  return older && {kind: 'older-node', why: `it overlaps ${older.text} of the older node ${older.node}`};
};

const sizeOf = ({first, last}: Span): bigint => last - first;

/** Nodes of unknown age count as the oldest: they come from a cache without ages. */
const byAge = (one: NodeFacts, other: NodeFacts): number =>
  compare(one.createdAt ?? '', other.createdAt ?? '') || compare(one.name, other.name);

const compare = (one: string, other: string): number => (one < other ? -1 : Number(one > other));
