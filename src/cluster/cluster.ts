/** A kind cluster of ours: whether it is there, and what it was made from. */

import {readFile, rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {z} from 'zod';
import type {Dirs} from '../cache/dirs.ts';
import {namesIn} from '../cache/files.ts';
import {UserError} from '../errors.ts';
import {exitCodes} from '../exit-codes.ts';
import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {nodeHost} from '../host/node-host.ts';
import {readJson} from '../json.ts';
import {makeDirectory} from '../make-directory.ts';
import {engineId, listNodeContainers, type NodeContainer, parseNodeContainers} from '../tools/docker.ts';
import {defaultCluster} from './names.ts';
import {refuseForeign} from './ownership.ts';

/** The nodes of one cluster, or of all clusters that kind made; running or not, by name. */
export const nodesOf = async (
  host: Host,
  cluster?: string,
  signal?: AbortSignal,
): Promise<readonly NodeContainer[]> =>
  parseNodeContainers((await host.run(listNodeContainers(cluster), signal && {signal})).stdout);

/** What to say where docker does not answer. */
export const dockerUnavailable = (error: CommandError, what: string): UserError =>
  new UserError(
    {
      what,
      why: `docker does not answer: ${error.lastLine}`,
      tryThis: 'see what this machine lacks: kni-demo up',
      exitCode: exitCodes.hostLacks,
    },
    {cause: error},
  );

/** Where a cluster is looked for. */
export interface ClusterPlace {
  readonly host: Host;
  readonly dirs: Dirs;
}

/**
 * Throws UserError: exit code `badInput` without such a cluster, `conflict` for one of somebody else, `hostLacks` when
 * docker does not answer.
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
      what: `there is no cluster ${name}`,
      why: 'no node of that name runs here',
      tryThis: `make it: kni-demo up${nameFlag(name)}`,
      exitCode: exitCodes.badInput,
    });
  }
  return clusterOf(host, nodes);
};

/** Throws UserError (exit code `badInput`) where one of the nodes is stopped. */
export const requireRunning = (name: string, nodes: readonly NodeContainer[]): void => {
  const stopped = nodes.filter(({running}) => !running).map((node) => node.name);
  if (stopped.length === 0) return;
  throw new UserError({
    what: `cluster ${name} does not run`,
    why: `stopped: ${stopped.join(', ')}`,
    tryThis: `start it: kni-demo up${nameFlag(name)}`,
    exitCode: exitCodes.badInput,
  });
};

/** To stand behind a command: nothing for the cluster that is meant anyway. */
export const nameFlag = (name: string): string => (name === defaultCluster.name ? '' : ` --name ${name}`);

/** To be tried where a cluster cannot be repaired. */
export const recreateHint = (name: string): string =>
  `make it anew: kni-demo down${nameFlag(name)}, then kni-demo up${nameFlag(name)}`;

export interface Cluster {
  readonly nodes: readonly NodeContainer[];
  /** Where kubectl runs with the administrator's credentials. */
  readonly controlPlane: Host;
  /** A node by its name. */
  node(name: string): Host;
}

export const clusterOf = (host: Host, nodes: readonly NodeContainer[]): Cluster => {
  return {
    nodes,
    // Not before it is needed: the workers of a cluster that has lost it still answer.
    get controlPlane() {
      const control = nodes.find(({role}) => role === 'control-plane');
      if (control !== undefined) return nodeHost(host, control.name);
      const [{cluster: name} = {cluster: ''}] = nodes;
      throw new UserError({
        what: `cluster ${name} has no control plane`,
        why: `there is only ${nodes.map((node) => node.name).join(', ')}`,
        tryThis: recreateHint(name),
        exitCode: exitCodes.conflict,
      });
    },
    node(name) {
      if (nodes.some((node) => node.name === name)) return nodeHost(host, name);
      throw new UserError({
        what: `there is no node ${name}`,
        why: `there is ${nodes.map((node) => node.name).join(', ')}`,
        tryThis: 'name one of these with --node',
        exitCode: exitCodes.badInput,
      });
    },
  };
};

const clusterRecord = z.object({
  /** `creating` until kind has ended well: what a cancelled run leaves is begun anew. */
  phase: z.enum(['creating', 'complete']),
  nodeImage: z.string(),
  /** How many it was made with; earlier versions did not keep it. */
  workers: z.number().optional(),
  /** The id of the docker engine that the cluster is in; kni-demo 0.1.0 did not record it. */
  engine: z.string().optional(),
});
/** What we keep of a cluster outside of it. */
export type ClusterRecord = z.infer<typeof clusterRecord>;

/** Nodes that the cluster was made with and whose containers somebody has removed since. The names are kind's. */
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

const directoryOf = (dirs: Dirs, name: string): string => join(dirs.state, 'clusters', name);

/** Of its own: the user's kubeconfig and current context are never touched. */
export const kubeconfigOf = (dirs: Dirs, name: string): string => join(directoryOf(dirs, name), 'kubeconfig');

export const readRecord = async (dirs: Dirs, name: string): Promise<ClusterRecord | undefined> => {
  try {
    return readJson(
      clusterRecord,
      await readFile(join(directoryOf(dirs, name), 'cluster.json'), 'utf8'),
      'the record of a cluster',
    );
  } catch {
    return undefined; // Lost or broken, it is as if we knew nothing; the nodes' mounts still say whose they are.
  }
};

export const engineIdOf = async (host: Host, signal?: AbortSignal): Promise<string> =>
  (await host.run(engineId, signal && {signal})).stdout.trim();

/** Those that we have made and not removed, as far as we know. */
export const recordedClusters = (dirs: Dirs): Promise<readonly string[]> =>
  namesIn(join(dirs.state, 'clusters'));

export const writeRecord = async (dirs: Dirs, name: string, record: ClusterRecord): Promise<void> => {
  const path = join(directoryOf(dirs, name), 'cluster.json');
  makeDirectory(directoryOf(dirs, name));
  await writeFile(`${path}.new`, `${JSON.stringify(record)}\n`);
  await rename(`${path}.new`, path);
};

export const forgetCluster = (dirs: Dirs, name: string): Promise<void> =>
  rm(directoryOf(dirs, name), {recursive: true, force: true});
