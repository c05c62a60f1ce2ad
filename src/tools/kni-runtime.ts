/** kni-runtime on a node: asks the node's network runtime, and parses the JSON document that it prints. */

import {z} from 'zod';
import type {CommandError} from '../host/command-error.ts';
import type {Command} from '../host/host.ts';
import {readJson} from '../json.ts';

/** Calls QueryNodeNetworks, which every KNI server implements. */
export const askNetworks: Command = ['kni-runtime', ['networks']];

/** The same, below the one line that a shell script prints: one `docker exec` for both. */
export const askNetworksAnd = (script: string): Command => [
  'sh',
  ['-c', `line=$(${script}); echo "$line"; exec kni-runtime networks`],
];

/** Calls QueryPodNetwork, which every KNI server implements. */
export const askSandbox = (sandbox: string): Command => ['kni-runtime', ['query', sandbox]];

/** Asks for the record of a pod's network. Only servers of `kni.inspector.Inspector` implement this call. */
export const askPod = (pod: string, {check = false}: {readonly check?: boolean} = {}): Command => [
  'kni-runtime',
  ['inspect', pod, ...(check ? ['--check'] : [])],
];

/** Asks for the records of all pod networks. Only servers of `kni.inspector.Inspector` implement this call. */
export const askPods: Command = ['kni-runtime', ['pods']];

/** Asks for what `kni-runtime reconcile` would remove. Earlier builds and other network runtimes cannot answer. */
export const askOrphans: Command = ['kni-runtime', ['orphans']];

/** Prints events as lines of JSON: the recent ones and, if `follow`, those that come. Earlier builds do not know it. */
export const askEvents = ({follow}: {readonly follow: boolean}): Command => [
  'kni-runtime',
  ['events', ...(follow ? ['--follow'] : [])],
];

/**
 * Removes all pod sandboxes with a network of their own, and releases these networks. Only while the kubelet is stopped. The timeout
 * ends the program on the node, also after docker exec was cancelled.
 */
export const releaseSandboxes: Command = [
  'timeout',
  ['60', 'kni-runtime', 'release-sandboxes', '/run/containerd/containerd.sock', '--yes'],
];

/** The same, also for networks that the network runtime does not release. Earlier builds do not know the flag. */
export const forceSandboxes: Command = [releaseSandboxes[0], [...releaseSandboxes[1], '--force']];

const released = z.object({
  sandboxes: z.array(z.object({pod: z.string(), error: z.string().optional()})),
});

/** Why the networks of some pods were not released. */
export const parseUnreleased = (stdout: string): readonly {readonly pod: string; readonly error: string}[] =>
  readJson(released, stdout, 'the output of kni-runtime release-sandboxes').sandboxes.flatMap(
    ({pod, error}) => (error === undefined ? [] : [{pod, error}]),
  );

/** Treats an empty field and one of the wrong type as missing: proto3 does not distinguish empty from missing. */
const text = z.string().min(1).optional().catch(undefined);
/** Accepts numbers in strings: protobuf's JSON mapping writes int64 this way. */
const count = z.coerce.number().int().min(0).optional().catch(undefined);
const texts = z.array(z.string()).catch([]);
const listOf = <T extends z.ZodType>(item: T) => z.array(item).catch([]);

const networks = z.object({
  networks: z
    .array(
      z.object({
        name: z.string().catch(''),
        ready: z.boolean().catch(false),
        extradata: z
          .object({
            reason: text,
            message: text,
            addresses_used: count,
            addresses_capacity: count,
            addresses_uncounted: text,
            running_pods: text,
            unfinished_cleanups: count,
          })
          .catch({}),
      }),
    )
    .default([]),
});

export interface NodeNetwork {
  readonly name: string;
  readonly ready: boolean;
  /** One word: `AddressPoolExhausted`. */
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly used?: number | undefined;
  readonly capacity?: number | undefined;
  /** Why the addresses are not counted. */
  readonly uncounted?: string | undefined;
  /** The network is not ready for new pods, and running pods keep working. */
  readonly runningPodsUnaffected: boolean;
  /** How many cleanups of the whole node have failed and still hold addresses or host ports. */
  readonly unfinishedCleanups?: number | undefined;
}

export const parseNetworks = (stdout: string): readonly NodeNetwork[] =>
  readJson(networks, stdout, "the network runtime's networks").networks.map(({name, ready, extradata}) => ({
    name,
    ready,
    reason: extradata.reason,
    message: extradata.message,
    used: extradata.addresses_used,
    capacity: extradata.addresses_capacity,
    uncounted: extradata.addresses_uncounted,
    runningPodsUnaffected: extradata.running_pods === 'unaffected',
    unfinishedCleanups: extradata.unfinished_cleanups,
  }));

const podAddresses = z.object({
  ipconfigs: z.object({eth0: z.object({ip: texts}).optional().catch(undefined)}),
});

/** The addresses of eth0 in an answer of QueryPodNetwork. */
export const parseAddresses = (stdout: string): readonly string[] =>
  readJson(podAddresses, stdout, "the network runtime's answer about a sandbox").ipconfigs.eth0?.ip ?? [];

const podNetwork = z.object({
  correlation: text,
  uid: text,
  sandbox: text,
  netns: text,
  state: text,
  interfaces: listOf(
    z.object({
      name: z.string(),
      network: text,
      mac: text,
      mtu: count.transform((mtu) => mtu || undefined),
      addresses: listOf(z.object({cidr: z.string(), gateway: text})),
    }),
  ),
});

const recordedPods = z.object({networks: listOf(podNetwork.extend({namespace: text, name: text}))});

/** The records of the pods of a node. */
export type RecordedPod = Readonly<z.infer<typeof recordedPods>['networks'][number]>;

export const parsePods = (stdout: string): readonly RecordedPod[] =>
  readJson(recordedPods, stdout, "the network runtime's records").networks;

const inspected = z.object({
  network: podNetwork,
  attachments: listOf(
    z.object({
      interface: text,
      plugins: texts.optional(),
      hostInterfaces: texts,
      routes: listOf(z.object({to: z.string(), via: text})),
      dns: z
        .object({servers: texts, domain: text, searches: texts, options: texts})
        .optional()
        .catch(undefined),
    }),
  ),
  problems: texts,
  knownBugs: listOf(z.object({problem: z.string(), explanation: text, reference: text})),
  unchecked: listOf(z.object({interface: text, network: text, reason: text})),
});

/** The runtime's record of a pod's network. */
export type InspectedPod = Readonly<z.infer<typeof inspected>>;

export const parseInspectedPod = (stdout: string): InspectedPod =>
  readJson(inspected, stdout, "the network runtime's record of a pod");

const orphans = z.object({netns: texts, addresses: texts, links: texts, chains: texts});

/** Resources of pods that have no record: paths of netns, addresses, names of links and of iptables chains. */
export type Orphans = Readonly<z.infer<typeof orphans>>;

export const parseOrphans = (stdout: string): Orphans =>
  readJson(orphans, stdout, "the network runtime's orphans");

/** Why the runtime did not answer. */
export interface Refusal {
  /** Name of a gRPC status, or `no client` if the node has no kni-runtime command, or one without this subcommand. */
  readonly status: string;
  readonly details: string;
}

/** Undefined if the command failed for another reason. */
export const refusalOf = ({
  exitStatus,
  output,
}: Pick<CommandError, 'exitStatus' | 'output'>): Refusal | undefined => {
  const reported = /^kni-runtime: ([A-Z_]+): (.*)$/m.exec(output);
  if (reported) return {status: reported[1] ?? '', details: reported[2] ?? ''};
  if (/executable file not found|kni-runtime: not found/.test(output))
    return {status: 'no client', details: 'it has no kni-runtime command'};
  return exitStatus === 2
    ? {status: 'no client', details: 'its kni-runtime command is too old for this'}
    : undefined;
};
