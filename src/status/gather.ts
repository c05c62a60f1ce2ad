/** Collects the state of this user's clusters. Asks everything at the same time, and treats silence as an answer. */

import type {Dirs} from '../cache/dirs.ts';
import {type Size, sizeWithin} from '../cache/size.ts';
import {type ChangesSummary, summarizeChanges} from '../changes/record.ts';
import {
  type Cluster,
  clusterOf,
  dockerUnavailable,
  kubeconfigOf,
  nodesOf,
  readRecord,
  recordedClusters,
  removedNodes,
  workersOf,
} from '../cluster/cluster.ts';
import {chosenNetwork} from '../cluster/network-record.ts';
import {noAnswer} from '../cluster/no-answer.ts';
import {isOurs} from '../cluster/ownership.ts';
import {type Pod, podsIn} from '../cluster/pod.ts';
import {type NodeReadiness, nodesIn} from '../cluster/readiness.ts';
import {readUserRuntime, type UserRuntime, userRuntimeIn} from '../cluster/user-runtime.ts';
import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {lastLineOf} from '../host/reason.ts';
import {
  differences,
  installedPrograms,
  type Part,
  readInstalledFrom,
} from '../stages/lib/installed-programs.ts';
import {messageOf} from '../thrown.ts';
import type {NodeContainer} from '../tools/docker.ts';
import {askNetworksAnd, type NodeNetwork, parseNetworks} from '../tools/kni-runtime.ts';
import {getJson} from '../tools/kubectl.ts';

export interface NodeStatus {
  readonly name: string;
  readonly role: string;
  /** `lost`: its container was removed. */
  readonly container: 'running' | 'stopped' | 'lost';
  /** As the API server reports it; undefined if it does not answer or does not know the node. */
  readonly ready?: boolean;
  /** Why it is not Ready. */
  readonly why?: string;
  readonly kubelet?: string;
  readonly containerRuntime?: string;
  readonly runtime?: RuntimeStatus;
  /** Programs that `up` would replace. */
  readonly replaces: readonly Part[];
}

export interface RuntimeStatus {
  /** The first digits of its build's fingerprint; undefined for the program of the node image. */
  readonly build?: string;
  /** The user's own network runtime, which runs instead. */
  readonly own?: UserRuntime;
  readonly networks: readonly NodeNetwork[];
  /** Why it does not answer, and what to do. */
  readonly why?: string;
  readonly tryThis?: string;
}

export interface ClusterStatus {
  readonly name: string;
  /** False for a cluster whose creation was interrupted. */
  readonly isComplete: boolean;
  readonly stack?: string;
  /** The network that the user chose for its pods; undefined for that of kni-demo. */
  readonly network?: string;
  /** The number of workers that it was created with; earlier versions did not record it. */
  readonly workers?: number;
  readonly kubeconfig: string;
  readonly nodes: readonly NodeStatus[];
  readonly pods: readonly Pod[];
  /** Temporary changes of a running or an interrupted command. */
  readonly changes?: ChangesSummary;
  /** Why the API server could not be asked. */
  readonly why?: string;
}

export interface Status {
  readonly clusters: readonly ClusterStatus[];
  readonly cache: Size & {readonly path: string};
}

export interface StatusOptions {
  /** Only this cluster. */
  readonly name?: string | undefined;
  /** The fingerprint of the current network runtime's build, first 16 digits. */
  readonly runtimeTag: Promise<string>;
  readonly signal: AbortSignal;
}

/** Milliseconds for measuring the cache. */
const measuring = 300;

export const gatherStatus = async (
  {host, dirs}: {readonly host: Host; readonly dirs: Dirs},
  {name, runtimeTag, signal}: StatusOptions,
): Promise<Status> => {
  const size = sizeWithin(dirs.cache, measuring);
  const all = await nodesOf(host, undefined, signal).catch((error: unknown): never => {
    if (!(error instanceof CommandError)) throw error;
    throw dockerUnavailable(error, 'cannot look for clusters');
  });
  const found = [...new Set([...all.map(({cluster}) => cluster), ...(await recordedClusters(dirs))])];
  const clusters = await Promise.all(
    found
      .filter((each) => name === undefined || each === name)
      .sort()
      .map(async (each): Promise<readonly ClusterStatus[]> => {
        const nodes = all.filter(({cluster}) => cluster === each);
        if (nodes.length > 0 && !(await isOurs(dirs, each, nodes))) return [];
        return [await clusterStatus(each, {host, dirs, nodes, tag: await runtimeTag, signal})];
      }),
  );
  return {clusters: clusters.flat(), cache: {path: dirs.cache, ...(await size)}};
};

interface Parts {
  readonly host: Host;
  readonly dirs: Dirs;
  readonly nodes: readonly NodeContainer[];
  readonly tag: string;
  readonly signal: AbortSignal;
}

const clusterStatus = async (
  name: string,
  {host, dirs, nodes, tag, signal}: Parts,
): Promise<ClusterStatus> => {
  const cluster = clusterOf(host, nodes);
  const record = await readRecord(dirs, name);
  // Without nodes there is nothing to restore.
  const changes = nodes.length === 0 ? undefined : await summarizeChanges(dirs, name);
  const network = await chosenNetwork(dirs, name);
  const [api, ...runtimes] = await Promise.all([
    askApi(cluster, signal),
    ...nodes.map((node) => askRuntime(cluster, node, {tag, signal})),
  ]);
  const {readiness, pods, why} = api;
  const stack = nodes[0]?.stack;
  return {
    name,
    isComplete: record?.phase !== 'creating',
    ...(stack !== undefined && {stack}),
    ...(network !== undefined && {network: network.name}),
    ...(record?.workers !== undefined && {workers: record.workers}),
    kubeconfig: kubeconfigOf(dirs, name),
    nodes: [
      ...nodes.map(({name: node, role, running}, index): NodeStatus => {
        const reported = readiness.find((each) => each.name === node);
        const {replaces = [], ...runtime} = runtimes[index] ?? {networks: []};
        return {
          name: node,
          role,
          container: running ? 'running' : 'stopped',
          ...(running && reported && describe(reported)),
          ...(running && {runtime}),
          replaces,
        };
      }),
      ...removedNodes(name, record, nodes).map(
        (node): NodeStatus => ({name: node, role: 'worker', container: 'lost', replaces: []}),
      ),
    ],
    pods,
    ...(changes !== undefined && {changes}),
    ...(why !== undefined && {why}),
  };
};

const describe = ({ready, message, versions}: NodeReadiness) => ({
  ready,
  ...(!ready && {why: message}),
  kubelet: versions.kubelet,
  containerRuntime: versions.containerRuntime,
});

interface ApiAnswer {
  readonly readiness: readonly NodeReadiness[];
  readonly pods: readonly Pod[];
  readonly why?: string;
}

/** Asks for nodes and pods at once, because each kubectl takes a noticeable time to start. */
const askApi = async (cluster: Cluster, signal: AbortSignal): Promise<ApiAnswer> => {
  const nothing = {readiness: [], pods: []};
  const control = cluster.nodes.find(({role}) => role === 'control-plane');
  if (control === undefined) return {...nothing, why: 'the cluster has no control plane'};
  if (!control.running) return {...nothing, why: `${control.name} is stopped`};
  try {
    const get = getJson('nodes,pods', '--all-namespaces');
    const {stdout} = await cluster.controlPlane.run(get, {signal, timeout: 20_000});
    return {readiness: nodesIn(stdout), pods: podsIn(stdout)};
  } catch (error) {
    if (signal.aborted) throw error;
    return {...nothing, why: lastLineOf(error)};
  }
};

const askRuntime = async (
  cluster: Cluster,
  {name, running, cluster: clusterName}: NodeContainer,
  {tag, signal}: Pick<Parts, 'tag' | 'signal'>,
): Promise<RuntimeStatus & {readonly replaces?: readonly Part[]}> => {
  if (!running) return {networks: []};
  let first: string | undefined;
  const onLine = (line: string): void => void (first ??= line);
  const program = () => {
    const [programs = '{}', header = ''] = (first ?? '{}').split(/ (?=# |$)/);
    const installed = readInstalledFrom(programs, name);
    const own = userRuntimeIn(header);
    return {
      ...(own !== undefined && {own}),
      ...(installed.runtime !== undefined && {build: installed.runtime}),
      replaces: differences(installed, {runtime: tag}),
    };
  };
  try {
    const facts = `$(cat ${installedPrograms.path} 2>/dev/null || echo {}) $(${readUserRuntime[1][1]})`;
    const command = askNetworksAnd(`echo "${facts}"`);
    const {stdout} = await cluster.node(name).run(command, {signal, onLine, timeout: 20_000});
    return {networks: parseNetworks(stdout.slice(stdout.indexOf('\n'))), ...program()};
  } catch (error) {
    if (signal.aborted) throw error;
    if (!(error instanceof CommandError)) return {networks: [], why: messageOf(error)};
    return {
      networks: [],
      ...noAnswer(error, {node: name, cluster: clusterName, workers: workersOf(cluster.nodes)}),
      ...program(),
    };
  }
};
