/** Arranges pods and links of a node for the topology. Pure. */

import type {LinkSnapshot, NodeSnapshot} from '../../feed.ts';
import type {Pods, PodView} from './pods.ts';

export interface Group {
  /** Empty for the pods that belong to no larger group. */
  readonly name: string;
  readonly pods: readonly PlacedPod[];
}

export interface PlacedPod {
  readonly pod: PodView;
  readonly veth: LinkSnapshot | undefined;
}

export interface BridgeBox {
  readonly bridge: LinkSnapshot;
  readonly groups: readonly Group[];
  readonly pods: number;
}

export interface NodeBox {
  readonly node: NodeSnapshot;
  readonly bridges: readonly BridgeBox[];
  /** Pods with an interface on no known bridge, or with none yet. */
  readonly others: readonly Group[];
  readonly hostNetwork: readonly PodView[];
  readonly pods: number;
}

/** Pods that one group needs; smaller ones are shown together. */
const least = 3;
/** Up to this number of pods on a bridge, groups would only cost space. */
const ungrouped = 12;

/** Controllers use these characters. A fifth of their suffixes has no digit; a word has a vowel. */
const random = /^-[bcdfghjklmnpqrstvwxz2456789]{5}$/;

/** The name without what controllers append: `web-5d9c7b8f4-x2x7k` and `web-3` are of `web`. */
export const familyOf = ({namespace, name}: Pick<PodView, 'namespace' | 'name'>): string => {
  const family = name
    .replace(/-[a-z0-9]{5}$/, (suffix) => (/\d/.test(suffix) || random.test(suffix) ? '' : suffix))
    .replace(/-[a-f0-9]{8,10}$/, '')
    .replace(/-?\d+$/, '');
  return `${namespace === 'default' ? '' : `${namespace}/`}${family || name}`;
};

const groupsOf = (pods: readonly PlacedPod[]): readonly Group[] => {
  const sorted = [...pods].sort((a, b) => (a.pod.path < b.pod.path ? -1 : 1));
  if (sorted.length <= ungrouped) return sorted.length === 0 ? [] : [{name: '', pods: sorted}];
  const families = new Map<string, PlacedPod[]>();
  for (const each of sorted) {
    const family = familyOf(each.pod);
    families.set(family, [...(families.get(family) ?? []), each]);
  }
  const groups = [...families].filter(([, members]) => members.length >= least);
  const rest = [...families]
    .filter(([, members]) => members.length < least)
    .flatMap(([, members]) => members);
  return [
    ...groups.map(([name, members]) => ({name, pods: members})),
    ...(rest.length > 0 ? [{name: groups.length === 0 ? '' : 'others', pods: rest}] : []),
  ];
};

export const nodeBoxes = (nodes: readonly NodeSnapshot[], pods: Pods): readonly NodeBox[] =>
  nodes.map((node) => {
    const own = [...pods.values()].filter((pod) => pod.node === node.name);
    const hostNetwork = own.filter((pod) => pod.hostNetwork);
    const bridges = node.links.filter(({kind}) => kind === 'bridge');
    const veths = new Map(
      node.links.flatMap((link) => (link.pod === undefined ? [] : [[link.pod, link] as const])),
    );
    const placed = own
      .filter((pod) => !pod.hostNetwork)
      .map((pod) => ({pod, veth: veths.get(pod.path), bridge: bridgeOf(pod, veths.get(pod.path), bridges)}));
    return {
      node,
      pods: own.length,
      hostNetwork,
      bridges: bridges.map((bridge) => {
        const attached = placed.filter((each) => each.bridge === bridge);
        return {bridge, pods: attached.length, groups: groupsOf(attached)};
      }),
      others: groupsOf(placed.filter(({bridge}) => bridge === undefined)),
    };
  });

/**
 * The bridge that the veth is a port of. A pod that is newer than the snapshot has an address but no known veth yet: with one bridge
 * there is only one choice.
 */
const bridgeOf = (
  {interfaces}: PodView,
  veth: LinkSnapshot | undefined,
  bridges: readonly LinkSnapshot[],
): LinkSnapshot | undefined => {
  const byName = bridges.find(({name}) => name === veth?.bridge);
  if (byName !== undefined) return byName;
  return interfaces.length > 0 && bridges.length === 1 ? bridges[0] : undefined;
};

/** How much of each pod is shown, by the number of pods on the fullest node. Large text leaves room for fewer. */
export const densityOf = (boxes: readonly NodeBox[], isLarge: boolean): 'large' | 'medium' | 'small' => {
  const most = Math.max(0, ...boxes.map(({pods, hostNetwork}) => pods - hostNetwork.length));
  const room = isLarge ? {large: 3, medium: 12} : {large: 8, medium: 24};
  return most <= room.large ? 'large' : most <= room.medium ? 'medium' : 'small';
};
