/** Whether the nodes are Ready, and if not, the reason the API server gives. */

import {z} from 'zod';
import type {Host} from '../host/host.ts';
import {waitUntil} from '../host/wait-until.ts';
import {readJson} from '../json.ts';
import {inspectStarts, type NodeContainer, parseStarts} from '../tools/docker.ts';
import {getJson} from '../tools/kubectl.ts';
import type {Cluster} from './cluster.ts';

export interface NodeReadiness {
  readonly name: string;
  readonly ready: boolean;
  /** The Ready condition's message: it carries the network runtime's own words. */
  readonly message: string;
  /** Of the programs that reported it: `v1.20.2`, `containerd://1.6.20`; empty until they have. */
  readonly versions: {readonly kubelet: string; readonly containerRuntime: string};
}

const nodeList = z.object({
  items: z.array(
    z.object({
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
  return readJson(nodeList, stdout, 'the list of nodes').items.map(({metadata, status}) => {
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
};

const leaseList = z.object({
  items: z.array(z.object({metadata: z.object({name: z.string()}), spec: z.object({renewTime: z.string()})})),
});

/** When each node's kubelet last renewed its lease: milliseconds since the epoch, by node; every 10 s by default. */
const leaseRenewals = async (
  controlPlane: Host,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> => {
  const {stdout} = await controlPlane.run(getJson('-n', 'kube-node-lease', 'leases'), {signal});
  const {items} = readJson(leaseList, stdout, 'the leases of the nodes');
  return new Map(items.map(({metadata, spec}) => [metadata.name, Date.parse(spec.renewTime)]));
};

/** Of each node, by its name: milliseconds since the epoch. */
export type StartTimeOf = (node: string) => number;

/** When each node's container was started. Addresses and conditions that the API server has from before are stale. */
export const nodeStartTimes = async (
  host: Host,
  nodes: readonly Pick<NodeContainer, 'name'>[],
  signal: AbortSignal,
): Promise<StartTimeOf> => {
  const {stdout} = await host.run(inspectStarts(nodes.map(({name}) => name)), {signal});
  const starts = parseStarts(stdout);
  return (node) => starts.get(node) ?? 0;
};

/** Whether every node's kubelet has renewed its lease since then. Rejects where the API server does not answer. */
export const haveReported = async (
  {controlPlane, nodes}: Pick<Cluster, 'controlPlane' | 'nodes'>,
  since: StartTimeOf,
  signal: AbortSignal,
): Promise<boolean> => {
  const renewed = await leaseRenewals(controlPlane, signal);
  return nodes.every(({name}) => (renewed.get(name) ?? 0) > since(name));
};

/** What the API server knows of nodes whose kubelets were stopped is stale until they have renewed their leases. */
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
