/** Joins what the API server, docker, the kernels and the network runtimes say into one state. Pure. */

import ipaddr from 'ipaddr.js';
import type {ApiNode, ApiPod, ApiState} from '../cluster/api-state.ts';
import type {NodeState} from '../cluster/node-state.ts';
import {readInstalledFrom} from '../stages/lib/installed-programs.ts';
import type {NodeContainer} from '../tools/docker.ts';
import type {
  LinkSnapshot,
  NetworkSnapshot,
  NodeSnapshot,
  PodSnapshot,
  RouteSnapshot,
  SnapshotMessage,
} from './feed.ts';

export interface SnapshotParts {
  readonly containers: readonly NodeContainer[];
  /** Undefined if the API server has not answered yet. */
  readonly api: ApiState | undefined;
  /** By the name of the node. Missing for a node that does not answer. */
  readonly states: ReadonlyMap<string, NodeState>;
}

export const snapshotOf = (parts: SnapshotParts): Omit<SnapshotMessage, 'time'> => {
  const {containers, api, states} = parts;
  const netnsOfPods = new Map(
    [...states.values()].flatMap(({records}) =>
      records.flatMap(({netns, namespace, name}) =>
        netns === undefined ? [] : [[fileName(netns), `${namespace}/${name}`] as const],
      ),
    ),
  );
  const podOfNetns = (netns: string): string | undefined => netnsOfPods.get(netns) ?? podByUid(api, netns);
  return {
    type: 'snapshot',
    nodes: containers.map((container) => nodeOf(container, parts, podOfNetns)),
    pods: (api?.pods ?? []).map((pod) => podOf(pod, states.get(pod.node ?? ''))),
  };
};

const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The kubelet's names of netns contain the uid of the pod. They say it also while no network runtime answers. */
const podByUid = (api: ApiState | undefined, netns: string): string | undefined => {
  const pod = api?.pods.find(({uid}) => uid !== '' && netns.includes(uid));
  return pod && `${pod.namespace}/${pod.name}`;
};

const nodeOf = (
  {name, role, running}: NodeContainer,
  {api, states}: SnapshotParts,
  podOfNetns: (netns: string) => string | undefined,
): NodeSnapshot => {
  const node = api?.nodes.find((each) => each.name === name);
  const state = states.get(name);
  const others = (api?.nodes ?? []).filter((each) => each.name !== name);
  const links = running ? (state?.links ?? []) : [];
  return {
    name,
    role,
    running,
    ...(running && node !== undefined && readinessOf(node)),
    ...(state !== undefined && {runtime: buildOf(state.programs, name)}),
    addresses: node?.addresses ?? [],
    podCIDRs: node?.podCIDRs ?? [],
    networks: (running ? (state?.networks ?? []) : []).map(networkOf),
    ...(running && state?.silent !== undefined && {silent: state.silent}),
    pendingCleanups: Math.max(
      0,
      ...(state?.networks ?? []).map(({unfinishedCleanups = 0}) => unfinishedCleanups),
    ),
    links: links.flatMap((link) => linkOf(link, state, podOfNetns)),
    routes: running ? (state?.routes ?? []).flatMap((route) => routeOf(route, others)) : [],
    tunnels: links
      .filter(({kind}) => kind === 'vxlan')
      .map(({name: tunnel, vni, local}) => ({name: tunnel, vni, local})),
  };
};

/** The build of the network runtime; undefined for the one of the node image. */
const buildOf = (programs: string, node: string): string | undefined => {
  try {
    return readInstalledFrom(programs || '{}', node).runtime;
  } catch {
    return undefined; // a later version may write the file differently
  }
};

const readinessOf = ({ready, message, since, versions}: ApiNode) => ({
  ready,
  ...(!ready && {reason: message}),
  since,
  kubelet: versions.kubelet || undefined,
  containerRuntime: versions.containerRuntime || undefined,
});

const networkOf = ({
  name,
  ready,
  reason,
  message,
  capacity,
  used,
}: NodeState['networks'][number]): NetworkSnapshot => ({
  name,
  ready,
  reason: ready ? undefined : [reason, message].filter(Boolean).join(': ') || undefined,
  capacity,
  used,
});

const linkOf = (
  {name, kind, state, addresses, master, netnsId, peerIndex}: NodeState['links'][number],
  node: NodeState | undefined,
  podOfNetns: (netns: string) => string | undefined,
): readonly LinkSnapshot[] => {
  const up = state === 'UP' || state === 'UNKNOWN';
  if (kind === 'bridge') return [{kind, name, up, addresses}];
  // The node is a container itself: its own eth0 is a veth, whose netns has no name here.
  const netns = netnsId === undefined ? undefined : node?.netns.get(netnsId);
  if (kind !== 'veth' || peerIndex === undefined || netns === undefined) return [];
  return [{kind, name, up, addresses: [], bridge: master, netns, pod: podOfNetns(netns)}];
};

const routeOf = (
  {to, via, dev}: NodeState['routes'][number],
  others: readonly ApiNode[],
): readonly RouteSnapshot[] => {
  if (via === undefined || /^(0\.0\.0\.0|::)\/0$/.test(to)) return [];
  const node = others.find(
    ({addresses, podCIDRs}) => addresses.includes(via) || podCIDRs.some((cidr) => isWithin(to, cidr)),
  );
  return [{to, via, dev, node: node?.name}];
};

const isWithin = (inner: string, outer: string): boolean => {
  try {
    const [[address, bits], [network, prefix]] = [ipaddr.parseCIDR(inner), ipaddr.parseCIDR(outer)];
    return address.kind() === network.kind() && bits >= prefix && address.match(network, prefix);
  } catch {
    return false;
  }
};

const podOf = (pod: ApiPod, state: NodeState | undefined): PodSnapshot => {
  const record = state?.records.findLast(({uid}) => uid === pod.uid);
  return {
    namespace: pod.namespace,
    name: pod.name,
    uid: pod.uid,
    node: pod.node,
    phase: pod.phase,
    ready: pod.ready,
    reason: pod.ready ? undefined : pod.why,
    deleting: pod.deleting,
    hostNetwork: pod.hostNetwork,
    ips: pod.ips,
    interfaces: (record?.interfaces ?? []).map(({name, network, mac, addresses}) => ({
      name,
      network,
      mac,
      addresses: addresses.map(({cidr}) => cidr),
    })),
    hostPorts: pod.hostPorts,
    sandbox: record?.sandbox,
    state: record?.state,
  };
};
