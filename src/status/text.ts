/** Formats the state of clusters for people. */

import type {ChalkInstance} from 'chalk';
import cliTruncate from 'cli-truncate';
import {nameFlag, recreateHint} from '../cluster/cluster.ts';
import type {Pod} from '../cluster/pod.ts';
import {columns, oneLine} from '../view/table.ts';
import type {ClusterStatus, NodeStatus, Status} from './gather.ts';

export interface StatusTextOptions {
  readonly paint: ChalkInstance;
  /** Columns of the terminal; Infinity does not cut lines. */
  readonly width: number;
}

export const statusText = (
  {clusters, cache}: Status,
  {paint, width}: StatusTextOptions,
): readonly string[] => {
  const fit = (line: string): string => (width === Infinity ? line : cliTruncate(line, width));
  return [
    ...(clusters.length === 0 ? ['no clusters; create one: kni-demo up', ''] : []),
    ...clusters.flatMap((cluster) => [...clusterText(cluster, paint, width), '']),
    `cache ${cache.path}: ${cache.isComplete ? '' : 'more than '}${size(cache.bytes)}`,
  ].map(fit);
};

const size = (bytes: number): string =>
  bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;

const clusterText = (cluster: ClusterStatus, paint: ChalkInstance, width: number): readonly string[] => {
  const {name, isComplete, stack, nodes, pods, why} = cluster;
  const kubelet = nodes.find((node) => node.kubelet)?.kubelet;
  const facts = [
    stack ?? 'unknown stack',
    ...(kubelet === undefined ? [] : [`Kubernetes ${kubelet}`]),
    ...(cluster.network === undefined ? [] : [`network ${oneLine(cluster.network)}`]),
  ];
  const bad = (text: string): string => paint.red(`! ${oneLine(text)}`);
  const [header = '', ...rows] = columns([
    ['NODE', 'STATE', 'NETWORK', 'ADDRESSES', 'RUNTIME', 'CLEANUPS'],
    ...nodes.map(cellsOf),
  ]);
  return [
    paint.bold(`Cluster ${name}: ${facts.join(', ')}`),
    ...(isComplete ? [] : [bad(`its creation was interrupted; continue: kni-demo up${nameFlag(name)}`)]),
    ...(nodes.length === 0
      ? [bad(`no node is left; forget it: kni-demo down${nameFlag(name)}`)]
      : [paint.dim(header)]),
    ...nodes.map((node, index) => (isHealthy(node) ? (rows[index] ?? '') : paint.red(rows[index] ?? ''))),
    ...nodes.flatMap((node) => remarksOf(node, cluster)).map(bad),
    ...(cluster.changes === undefined
      ? []
      : [cluster.changes.what, cluster.changes.tryThis ?? '']
          .filter(Boolean)
          .map((line) => paint.yellow(`! ${oneLine(line)}`))),
    ...(nodes.length === 0 || why === undefined ? [] : [bad(`cannot ask the API server: ${why}`)]),
    ...ownRuntimes(name, nodes),
    ...replacements(name, nodes).map((line) => paint.yellow(line)),
    ...podsText(name, pods, paint, width),
  ];
};

/** Whether the API server says that the node is Ready, and its network runtime reports a ready network. */
export const isHealthy = ({container, ready, runtime}: NodeStatus): boolean =>
  container === 'running' && ready === true && runtime !== undefined && areReady(runtime.networks);

const areReady = (networks: readonly {readonly ready: boolean}[]): boolean =>
  networks.length > 0 && networks.every(({ready}) => ready);

const cellsOf = ({name, container, ready, runtime}: NodeStatus): readonly string[] => {
  if (container !== 'running' || runtime === undefined) return [name, container, '-', '-', '-', '-'];
  const {networks, why, build, own} = runtime;
  const sum = (of: (network: (typeof networks)[number]) => number | undefined): number =>
    networks.reduce((total, network) => total + (of(network) ?? 0), 0);
  const isCounted = networks.some(({used}) => used !== undefined);
  // Every network reports the cleanups of the whole node.
  const cleanups = Math.max(0, ...networks.map(({unfinishedCleanups = 0}) => unfinishedCleanups));
  return [
    name,
    ready === undefined ? 'unknown' : ready ? 'Ready' : 'not Ready',
    why === undefined ? (areReady(networks) ? 'ready' : 'not ready') : 'silent',
    isCounted ? `${sum(({used}) => used)} of ${sum(({capacity}) => capacity)}` : '-',
    own === undefined ? (build?.slice(0, 8) ?? "image's") : 'your own',
    cleanups === 0 ? 'none' : `${cleanups} pending`,
  ];
};

/** Sentences that are too long for a column. */
const remarksOf = (
  {name, container, ready, why, runtime}: NodeStatus,
  cluster: ClusterStatus,
): readonly string[] => {
  if (container === 'stopped')
    return [`${name} is stopped; start it: kni-demo start${nameFlag(cluster.name)}`];
  if (container === 'lost')
    return [`the container of ${name} was removed; ${recreateHint(cluster.name, cluster.workers)}`];
  if (runtime?.why !== undefined) return [`${name}: ${runtime.why}; try: ${runtime.tryThis ?? ''}`];
  const cleanups = runtime?.networks.some(({unfinishedCleanups = 0}) => unfinishedCleanups > 0) ?? false;
  return [
    ...(ready === false ? [`${name}: ${why}`] : []),
    ...(runtime?.networks ?? []).flatMap((network) =>
      network.ready
        ? []
        : [`${name}: ${[network.reason, network.message].filter(Boolean).join(': ') || 'not ready'}`],
    ),
    ...(cleanups ? [`${name}: list the cleanups: docker exec ${name} kni-runtime pending`] : []),
  ];
};

/** One line for each of the user's own network runtimes: usually one for all nodes. */
const ownRuntimes = (cluster: string, nodes: readonly NodeStatus[]): readonly string[] => {
  const sources = new Set(nodes.flatMap(({runtime}) => runtime?.own?.source ?? []));
  return [...sources].map((source) => {
    const on = nodes.filter(({runtime}) => runtime?.own?.source === source).map(({name}) => name);
    const where = on.length === nodes.length ? 'all nodes' : on.join(', ');
    return `your own network runtime ${source} on ${where}; leave it: kni-demo runtime use default${nameFlag(cluster)}`;
  });
};

/** What users call the parts of a node. */
const programs = {runtime: 'network runtime', containerd: 'containerd', kubernetes: 'kubelet'} as const;

const replacements = (cluster: string, nodes: readonly NodeStatus[]): readonly string[] =>
  nodes
    .filter(({replaces}) => replaces.length > 0)
    .map(
      ({name, replaces}) =>
        `kni-demo up${nameFlag(cluster)} would replace on ${name}: ${replaces.map((part) => programs[part]).join(', ')}`,
    );

const podsText = (
  cluster: string,
  pods: readonly Pod[],
  paint: ChalkInstance,
  width: number,
): readonly string[] => {
  const own = pods.filter(({hostNetwork}) => !hostNetwork);
  const others = pods.length - own.length;
  return [
    ...(own.length === 0 ? [] : ['', ...podTable(own, {cluster, paint, width})]),
    ...(others === 0
      ? []
      : [
          paint.dim(
            others === 1
              ? '1 pod uses the network of its node'
              : `${others} pods use the network of their node`,
          ),
        ]),
  ];
};

export interface PodTableOptions extends StatusTextOptions {
  readonly cluster: string;
}

/** A table of pods. Long names are cut in the middle, so that the addresses stay visible. */
export const podTable = (
  pods: readonly Pod[],
  {cluster, paint, width}: PodTableOptions,
): readonly string[] => {
  const rows = pods.map(({namespace, name, node, ips, hostNetwork, phase, ready}) => [
    `${namespace}/${name}`,
    node?.replace(`${cluster}-`, '') ?? '-',
    hostNetwork ? 'of its node' : ips.join(',') || '-',
    ready ? 'Ready' : phase,
  ]);
  const table = [['POD', 'NODE', 'ADDRESS', 'STATE'], ...rows];
  const widest = (index: number): number => Math.max(...table.map((row) => (row[index] ?? '').length));
  const left = width - [1, 2, 3].reduce((sum, index) => sum + widest(index) + 2, 0);
  const [header = '', ...lines] = columns(
    table.map(([pod = '', ...rest]) => [
      left < widest(0) ? cliTruncate(pod, Math.max(10, left), {position: 'middle'}) : pod,
      ...rest,
    ]),
  );
  return [
    paint.dim(header),
    ...lines.map((line, index) => {
      const pod = pods[index];
      return pod === undefined || pod.ready || pod.phase === 'Succeeded' ? line : paint.yellow(line);
    }),
  ];
};
