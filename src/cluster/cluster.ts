/** Finds a cluster of kni-demo, and keeps its record in the state directory. */

import {readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {z} from 'zod';
import type {Dirs} from '../cache/dirs.ts';
import {namesIn, replaceFile} from '../cache/files.ts';
import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {joinRuns} from '../host/join-runs.ts';
import {nodeHost} from '../host/node-host.ts';
import {readJson} from '../json.ts';
import {engineId, listNodeContainers, type NodeContainer, parseNodeContainers} from '../tools/docker.ts';
import {defaultCluster} from './names.ts';
import {refuseForeign} from './ownership.ts';

/** The nodes of one kind cluster, or of all kind clusters, sorted by name. Stopped nodes are included. */
export const nodesOf = async (
  host: Host,
  cluster?: string,
  signal?: AbortSignal,
): Promise<readonly NodeContainer[]> =>
  parseNodeContainers((await joinRuns(host).run(listNodeContainers(cluster), signal && {signal})).stdout);

/** The error for a docker engine that does not answer. */
export const dockerUnavailable = (error: CommandError, what: string): UserError =>
  new UserError(
    {
      what,
      why: `docker does not answer: ${error.lastLine}`,
      tryThis: 'run kni-demo up, which lists what this machine lacks',
      code: 'KNI-E304',
    },
    {cause: error},
  );

/** Where to look for a cluster. */
export interface ClusterPlace {
  readonly host: Host;
  readonly dirs: Dirs;
}

/**
 * Throws UserError with exit code `badInput` when the cluster is missing, `conflict` when it is another user's, and
 * `hostLacks` when docker does not answer.
 */
export const requireCluster = async (
  {host, dirs}: ClusterPlace,
  name: string,
  signal?: AbortSignal,
): Promise<Cluster> => {
  const nodes = await nodesOf(host, name, signal).catch((error: unknown): never => {
    if (!(error instanceof CommandError)) throw error;
    throw dockerUnavailable(error, `cannot look for cluster ${name}`);
  });
  await refuseForeign(dirs, name, nodes);
  if (nodes.length === 0) {
    throw new UserError({
      what: `cluster ${name} does not exist`,
      why: 'docker has no node container of that name',
      tryThis: `create it: kni-demo up${nameFlag(name)}`,
      code: 'KNI-E206',
    });
  }
  return clusterOf(host, nodes);
};

/** Throws UserError (exit code `badInput`) when a node is stopped. */
export const requireRunning = (name: string, nodes: readonly NodeContainer[]): void => {
  const stopped = nodes.filter(({running}) => !running).map((node) => node.name);
  if (stopped.length === 0) return;
  throw new UserError({
    what: `cluster ${name} is not running`,
    why: `these nodes are stopped: ${stopped.join(', ')}`,
    tryThis: `start it: kni-demo start${nameFlag(name)}`,
    code: 'KNI-E207',
  });
};

/** The flag to add to a suggested command; empty for the default cluster. */
export const nameFlag = (name: string): string => (name === defaultCluster.name ? '' : ` --name ${name}`);

/** As `nameFlag`, for a cluster that was found. */
export const flagOf = ({nodes: [node]}: Pick<Cluster, 'nodes'>): string =>
  nameFlag(node?.cluster ?? defaultCluster.name);

/** The flags with which `up` creates the same cluster; empty for the default cluster. */
export const upFlags = (name: string, workers: number = defaultCluster.workers): string =>
  `${nameFlag(name)}${workers === defaultCluster.workers ? '' : ` --workers ${workers}`}`;

/** The number of workers, also stopped ones. */
export const workersOf = (nodes: readonly Pick<NodeContainer, 'role'>[]): number =>
  nodes.filter(({role}) => role === 'worker').length;

/** Suggests how to recreate a cluster that cannot be repaired. */
export const recreateHint = (name: string, workers?: number): string =>
  `recreate it: kni-demo down${nameFlag(name)}, then kni-demo up${upFlags(name, workers)}`;

export interface Cluster {
  readonly nodes: readonly NodeContainer[];
  /** The control-plane node, where kubectl runs with the administrator's credentials. */
  readonly controlPlane: Host;
  /** A node by its name. */
  node(name: string): Host;
}

export const clusterOf = (host: Host, nodes: readonly NodeContainer[]): Cluster => {
  return {
    nodes,
    // Fails only when used: workers still answer after their control plane is lost.
    get controlPlane() {
      const control = nodes.find(({role}) => role === 'control-plane');
      if (control !== undefined) return nodeHost(host, control.name);
      const [{cluster: name} = {cluster: ''}] = nodes;
      throw new UserError({
        what: `cluster ${name} has no control plane`,
        why: `its only nodes are ${nodes.map((node) => node.name).join(', ')}`,
        tryThis: recreateHint(name),
        code: 'KNI-E403',
      });
    },
    node(name) {
      if (nodes.some((node) => node.name === name)) return nodeHost(host, name);
      throw new UserError({
        what: `unknown node ${name}`,
        why: `the nodes are ${nodes.map((node) => node.name).join(', ')}`,
        tryThis: 'choose one of these with --node',
        code: 'KNI-E208',
      });
    },
  };
};

const clusterRecord = z.object({
  /** `creating` until kind has succeeded. A cluster left by a cancelled run is recreated. */
  phase: z.enum(['creating', 'complete']),
  nodeImage: z.string(),
  /** The number of workers it was created with. Earlier versions did not record it. */
  workers: z.number().optional(),
  /** The id of the docker engine that the cluster is in; kni-demo 0.1.0 did not record it. */
  engine: z.string().optional(),
  /** The absolute path of the stack file, unless the stack is one of kni-demo's own. */
  stackFile: z.string().optional(),
});
/** The record of a cluster in the state directory. */
export type ClusterRecord = z.infer<typeof clusterRecord>;

/** Nodes that the cluster was created with and whose containers were removed since. kind chose their names. */
export const removedNodes = (
  name: string,
  record: Pick<ClusterRecord, 'phase' | 'workers'> | undefined,
  nodes: readonly Pick<NodeContainer, 'name'>[],
): readonly string[] => {
  if (record?.phase !== 'complete' || nodes.length === 0) return [];
  const made = [
    `${name}-control-plane`,
    ...Array.from(
      {length: record.workers ?? 0},
      (_, index) => `${name}-worker${index === 0 ? '' : index + 1}`,
    ),
  ];
  return made.filter((each) => nodes.every((node) => node.name !== each));
};

/** kind cannot add a node to an existing cluster, and the API server still has the removed one. */
export const refuseRemovedNodes = (
  name: string,
  record: ClusterRecord | undefined,
  nodes: readonly NodeContainer[],
): void => {
  const removed = removedNodes(name, record, nodes);
  if (removed.length === 0) return;
  throw new UserError({
    what: `cluster ${name} is incomplete`,
    why: `the container of ${removed.join(', ')} was removed`,
    tryThis: recreateHint(name, record?.workers),
    code: 'KNI-E403',
  });
};

/** For work that needs all nodes. Throws UserError when a node was removed or is stopped. */
export const requireAllNodes = async (
  dirs: Dirs,
  name: string,
  nodes: readonly NodeContainer[],
): Promise<void> => {
  refuseRemovedNodes(name, await readRecord(dirs, name), nodes);
  requireRunning(name, nodes);
};

/** The directory of a cluster in the state directory. `down` removes it. */
export const clusterDirectory = (dirs: Dirs, name: string): string => join(dirs.state, 'clusters', name);

/** The cluster's own kubeconfig. kni-demo does not touch the user's kubeconfig and current context. */
export const kubeconfigOf = (dirs: Dirs, name: string): string =>
  join(clusterDirectory(dirs, name), 'kubeconfig');

export const readRecord = async (dirs: Dirs, name: string): Promise<ClusterRecord | undefined> => {
  try {
    return readJson(
      clusterRecord,
      await readFile(join(clusterDirectory(dirs, name), 'cluster.json'), 'utf8'),
      'the record of a cluster',
    );
  } catch {
    return undefined; // A missing or broken record is ignored. The nodes' mounts still name their owner.
  }
};

export const engineIdOf = async (host: Host, signal?: AbortSignal): Promise<string> =>
  (await host.run(engineId, signal && {signal})).stdout.trim();

/** The clusters that kni-demo created and has not removed, according to its records. */
export const recordedClusters = (dirs: Dirs): Promise<readonly string[]> =>
  namesIn(join(dirs.state, 'clusters'));

export const writeRecord = async (dirs: Dirs, name: string, record: ClusterRecord): Promise<void> => {
  await replaceFile(join(clusterDirectory(dirs, name), 'cluster.json'), `${JSON.stringify(record)}\n`);
};

export const forgetCluster = (dirs: Dirs, name: string): Promise<void> =>
  rm(clusterDirectory(dirs, name), {recursive: true, force: true});
