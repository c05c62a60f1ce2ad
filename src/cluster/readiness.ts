/** Reads from the API server whether the nodes are Ready, and why not. */

import {setTimeout as sleep} from 'node:timers/promises';
import {z} from 'zod';
import {UserError} from '../errors.ts';
import type {Host} from '../host/host.ts';
import {joinRuns} from '../host/join-runs.ts';
import {waitUntil} from '../host/wait-until.ts';
import {readJson} from '../json.ts';
import {inspectStarts, type NodeContainer, parseStarts} from '../tools/docker.ts';
import {getJson} from '../tools/kubectl.ts';
import {type Cluster, flagOf} from './cluster.ts';

export interface NodeReadiness {
  readonly name: string;
  readonly ready: boolean;
  /** The Ready condition's message, which contains the network runtime's message. */
  readonly message: string;
  /** `v1.20.2` and `containerd://1.6.20`; empty until the kubelet has reported them. */
  readonly versions: {readonly kubelet: string; readonly containerRuntime: string};
}

const nodeList = z.object({
  items: z.array(
    z.object({
      kind: z.string().default('Node'),
      metadata: z.object({name: z.string()}),
      status: z
        .object({
          conditions: z
            .array(z.object({type: z.string(), status: z.string(), message: z.string().optional()}))
            .optional(),
          nodeInfo: z.object({kubeletVersion: z.string(), containerRuntimeVersion: z.string()}).optional(),
        })
        .optional(),
    }),
  ),
});

export const nodeReadiness = async (
  controlPlane: Host,
  signal?: AbortSignal,
): Promise<readonly NodeReadiness[]> => {
  const {stdout} = await controlPlane.run(getJson('nodes'), signal && {signal});
  return nodesIn(stdout);
};

export interface ReadyNodes {
  /** The work that needs them, in messages: `a drill`. */
  readonly purpose: string;
  /** Milliseconds in which the nodes may become Ready: a restored node needs some seconds. Default: 30000. */
  readonly settleTime?: number | undefined;
  readonly signal: AbortSignal;
}

/** Throws UserError if one of these nodes does not become Ready. */
export const requireReadyNodes = async (
  cluster: Pick<Cluster, 'controlPlane' | 'nodes'>,
  names: readonly string[],
  {purpose, settleTime = 30_000, signal}: ReadyNodes,
): Promise<void> => {
  for (const end = performance.now() + settleTime; ; await sleep(500, undefined, {signal})) {
    const readiness = await nodeReadiness(cluster.controlPlane, signal);
    const waiting = readiness.find(({name, ready}) => !ready && names.includes(name));
    if (waiting === undefined) return;
    if (performance.now() > end)
      throw new UserError({
        what: `the cluster is not ready for ${purpose}`,
        why: `node ${waiting.name} is not Ready: ${waiting.message}`,
        tryThis: `see why: kni-demo status${flagOf(cluster)}`,
        code: 'KNI-E103',
      });
  }
};

/** The nodes among the objects that kubectl printed. */
export const nodesIn = (stdout: string): readonly NodeReadiness[] =>
  readJson(nodeList, stdout, 'the list of nodes').items.flatMap(({kind, metadata, status}) => {
    if (kind !== 'Node') return [];
    const condition = status?.conditions?.find(({type}) => type === 'Ready');
    return {
      name: metadata.name,
      ready: condition?.status === 'True',
      message: condition?.message ?? 'no condition reported yet',
      versions: {
        kubelet: status?.nodeInfo?.kubeletVersion ?? '',
        containerRuntime: status?.nodeInfo?.containerRuntimeVersion ?? '',
      },
    };
  });

const leaseList = z.object({
  items: z.array(z.object({metadata: z.object({name: z.string()}), spec: z.object({renewTime: z.string()})})),
});

/** When each node's kubelet last renewed its lease, in milliseconds since the epoch. Kubelets renew it every 10 s. */
const leaseRenewals = async (
  controlPlane: Host,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> => {
  const {stdout} = await controlPlane.run(getJson('-n', 'kube-node-lease', 'leases'), {signal});
  const {items} = readJson(leaseList, stdout, 'the leases of the nodes');
  return new Map(items.map(({metadata, spec}) => [metadata.name, Date.parse(spec.renewTime)]));
};

/** When a node was started: milliseconds since the epoch. */
export type StartTimeOf = (node: string) => number;

/** When each node's container was started. Addresses and conditions that the API server has from before are stale. */
export const nodeStartTimes = async (
  host: Host,
  nodes: readonly Pick<NodeContainer, 'name'>[],
  signal: AbortSignal,
): Promise<StartTimeOf> => {
  const {stdout} = await joinRuns(host).run(inspectStarts(nodes.map(({name}) => name)), {signal});
  const starts = parseStarts(stdout);
  return (node) => starts.get(node) ?? 0;
};

/** Whether every kubelet has renewed its lease since its node was started. Rejects when the API server is silent. */
export const haveReported = async (
  {controlPlane, nodes}: Pick<Cluster, 'controlPlane' | 'nodes'>,
  since: StartTimeOf | Promise<StartTimeOf>,
  signal: AbortSignal,
): Promise<boolean> => {
  const [renewed, sinceOf] = await Promise.all([leaseRenewals(controlPlane, signal), since]);
  return nodes.every(({name}) => (renewed.get(name) ?? 0) > sinceOf(name));
};

/** Waits until all kubelets have renewed their leases. Before that, the API server's state of a restarted node is stale. */
export const waitForReports = async (
  cluster: Pick<Cluster, 'controlPlane' | 'nodes'>,
  since: StartTimeOf,
  signal: AbortSignal,
): Promise<void> => {
  const wait = {what: 'all nodes to report again', every: 500, atMost: 180_000, signal};
  await waitUntil(wait, async (polling) => {
    return (await haveReported(cluster, since, polling)) || undefined;
  });
};
