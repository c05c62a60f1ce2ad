/** Reads everything that a dashboard shows of the API server by one command: nodes and pods. Without annotations and environments. */

import {z} from 'zod';
import {readJson} from '../json.ts';
import {getJson} from '../tools/kubectl.ts';
import type {Cluster} from './cluster.ts';
import {type Pod, podsIn} from './pod.ts';
import {type NodeReadiness, nodesIn} from './readiness.ts';

export interface ApiState {
  readonly nodes: readonly ApiNode[];
  readonly pods: readonly ApiPod[];
}

export interface ApiNode extends NodeReadiness {
  /** When `ready` changed: RFC 3339. */
  readonly since: string | undefined;
  readonly addresses: readonly string[];
  readonly podCIDRs: readonly string[];
}

export interface ApiPod extends Pod {
  readonly deleting: boolean;
  readonly hostPorts: readonly HostPort[];
}

export interface HostPort {
  /** `TCP`, `UDP` or `SCTP`. */
  readonly protocol: string;
  readonly hostPort: number;
  readonly containerPort: number;
  /** Undefined: all addresses of the node. */
  readonly hostIp: string | undefined;
}

/** Rejects with CommandError when the API server does not answer. */
export const apiStateOf = async (cluster: Cluster, signal: AbortSignal): Promise<ApiState> => {
  const get = getJson('nodes,pods', '--all-namespaces');
  return parseApiState((await cluster.controlPlane.run(get, {signal, timeout: 20_000})).stdout);
};

const port = z.object({
  protocol: z.string().default('TCP'),
  hostPort: z.number().optional(),
  containerPort: z.number(),
  hostIP: z.string().optional(),
});

/** The fields of nodes and pods that `nodesIn` and `podsIn` do not read. */
const objects = z.object({
  items: z.array(
    z.object({
      kind: z.string(),
      metadata: z.object({
        name: z.string(),
        uid: z.string().default(''),
        deletionTimestamp: z.string().optional(),
      }),
      spec: z
        .object({
          podCIDR: z.string().optional(),
          podCIDRs: z.array(z.string()).optional(),
          hostNetwork: z.boolean().default(false),
          containers: z.array(z.object({ports: z.array(port).default([])})).default([]),
        })
        .default({hostNetwork: false, containers: []}),
      status: z
        .object({
          addresses: z.array(z.object({type: z.string(), address: z.string()})).default([]),
          conditions: z
            .array(z.object({type: z.string(), lastTransitionTime: z.string().nullish()}))
            .default([]),
        })
        .default({addresses: [], conditions: []}),
    }),
  ),
});

export const parseApiState = (stdout: string): ApiState => {
  const {items} = readJson(objects, stdout, 'the list of nodes and pods');
  const nodes = new Map(items.filter(({kind}) => kind === 'Node').map((item) => [item.metadata.name, item]));
  const pods = new Map(items.filter(({kind}) => kind === 'Pod').map((item) => [item.metadata.uid, item]));
  return {
    nodes: nodesIn(stdout).map((node) => {
      const {spec, status} = nodes.get(node.name) ?? {};
      const condition = status?.conditions.find(({type}) => type === 'Ready');
      return {
        ...node,
        since: condition?.lastTransitionTime ?? undefined,
        addresses: (status?.addresses ?? [])
          .filter(({type}) => type === 'InternalIP')
          .map(({address}) => address),
        podCIDRs: spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR]),
      };
    }),
    pods: podsIn(stdout).map((pod) => {
      const {metadata, spec} = pods.get(pod.uid) ?? {};
      return {
        ...pod,
        deleting: metadata?.deletionTimestamp !== undefined,
        // A pod in its node's network has its container ports as host ports, and nothing translates them.
        hostPorts: pod.hostNetwork
          ? []
          : (spec?.containers ?? []).flatMap(({ports}) => ports.flatMap(hostPortOf)),
      };
    }),
  };
};

const hostPortOf = ({
  protocol,
  hostPort,
  containerPort,
  hostIP,
}: z.infer<typeof port>): readonly HostPort[] =>
  hostPort === undefined ? [] : [{protocol, hostPort, containerPort, hostIp: hostIP}];
