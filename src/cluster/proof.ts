/** Collects and checks the evidence that a pod got its network through KNI. All sources must agree. */

import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {netnsOf, sandboxesOfPod, sandboxInfo} from '../tools/ctr.ts';
import type {NodeContainer} from '../tools/docker.ts';
import {kubectl} from '../tools/kubectl.ts';
import {type AskedAddresses, askAddresses} from './asked-addresses.ts';
import type {Cluster} from './cluster.ts';
import type {Pod} from './pod.ts';
import {type LogLine, linesMatching, receivedIpConfigs} from './runtime-log.ts';

export interface Evidence {
  readonly pod: Pod;
  /** The id that containerd gave the pod's sandbox. */
  readonly sandbox: string;
  /** Path of the network namespace that containerd joined. */
  readonly netns: string | undefined;
  /** The runtime's log lines about the pod, oldest first. */
  readonly lines: readonly LogLine[];
  /** Output of `ip addr show eth0` in the pod. */
  readonly ipAddr: string;
  /** The runtime's answer to QueryPodNetwork; undefined if its log has the line `ipconfigs received for id: …`. */
  readonly asked?: AskedAddresses | undefined;
  /** The result of a request to a Service by its name; undefined if it was not made. */
  readonly byName?: ByName | undefined;
}

interface ByName {
  readonly succeeded: boolean;
  /** The version of the API server, or the last line of the error. */
  readonly found: string;
}

export interface EvidenceOptions {
  /** Whether the pod must reach a Service by its name. The pod's image needs busybox. */
  readonly byName?: boolean;
}

/** Asks the node and the pod at the same time. */
export const gatherEvidence = async (
  cluster: Pick<Cluster, 'controlPlane' | 'node'>,
  pod: Pod,
  signal: AbortSignal,
  {byName = false}: EvidenceOptions = {},
): Promise<Evidence> => {
  const node = cluster.node(pod.node ?? '');
  const [{sandbox, netns, lines}, ipAddr, reached] = await Promise.all([
    attachedSandbox(node, pod, signal),
    addressesIn(cluster.controlPlane, pod, signal),
    byName ? reachByName(cluster.controlPlane, pod, signal) : undefined,
  ]);
  return {
    pod,
    sandbox,
    netns,
    lines,
    ipAddr: ipAddr ?? (await addressesAt(node, netns, signal)),
    ...(lacksKnownLine({lines, sandbox}) && {asked: await askAddresses(node, sandbox, signal)}),
    ...(reached && {byName: reached}),
  };
};

/** After several attempts the newest sandbox counts: the one that the runtime attached last. */
const attachedSandbox = async (
  node: Host,
  pod: Pod,
  signal: AbortSignal,
): Promise<Pick<Evidence, 'sandbox' | 'netns' | 'lines'>> => {
  const [sandboxes, lines] = await Promise.all([
    node.run(sandboxesOfPod(pod.uid), {signal}),
    linesMatching(pod.uid, node, signal),
  ]);
  const attached = lines.findLast(({rpc, level}) => rpc === 'AttachInterface' && level === 'info')?.sandbox;
  const ids = sandboxes.stdout.split('\n').filter(Boolean);
  const sandbox = ids.find((id) => id === attached) ?? ids[0] ?? '';
  const info = sandbox === '' ? undefined : await node.run(sandboxInfo(sandbox), {signal});
  return {sandbox, netns: info && netnsOf(info.stdout), lines};
};

/**
 * Whether the runtime never logs `ipconfigs received for id: …`. A runtime that logs its calls may write that line only at the
 * kubelet's first QueryPodNetwork. Do not ask it earlier: it would log our query like one of the kubelet.
 */
const lacksKnownLine = ({lines, sandbox}: Pick<Evidence, 'lines' | 'sandbox'>): boolean => {
  if (sandbox === '' || knownLine({lines, sandbox}) !== undefined) return false;
  const isQueried = lines.some(
    ({rpc, level, sandbox: id}) => rpc === 'QueryPodNetwork' && level === 'info' && id === sandbox,
  );
  return isQueried || !lines.some(({rpc}) => rpc !== undefined);
};

/** The API server is a Service that every cluster has. Its only endpoint is on the control-plane node. */
export const serviceByName = 'kubernetes.default';

/** Its check needs the DNS server; the others do not. */
export const nameLabel = 'Service reached by name';

const reachByName = async (
  controlPlane: Host,
  {namespace, name}: Pod,
  signal: AbortSignal,
): Promise<ByName> => {
  const url = `https://${serviceByName}/version`;
  const exec = kubectl('exec', '-n', namespace, name, '--', 'wget', '-q', '-T', '5', '-O', '-', url);
  try {
    const {stdout} = await controlPlane.run(exec, {signal});
    const version = /"gitVersion": *"([^"]+)"/.exec(stdout)?.[1];
    return {succeeded: version !== undefined, found: version ?? 'another answer'};
  } catch (error) {
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    const why = error.output.split('\n').findLast((line) => line.startsWith('wget: ') && !/note:/.test(line));
    return {succeeded: false, found: why ?? error.lastLine};
  }
};

/** Undefined for an image without the program `ip`. */
const addressesIn = async (
  controlPlane: Host,
  {namespace, name}: Pod,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const exec = kubectl('exec', '-n', namespace, name, '--', 'ip', 'addr', 'show', 'eth0');
  try {
    return (await controlPlane.run(exec, {signal})).stdout;
  } catch (error) {
    if (error instanceof CommandError && /executable file not found|no such file/.test(error.output))
      return undefined;
    throw error;
  }
};

/** The node's `ip`, in the namespace that containerd joined. */
const addressesAt = async (node: Host, netns: string | undefined, signal: AbortSignal): Promise<string> =>
  netns === undefined
    ? ''
    : (await node.run(['nsenter', [`--net=${netns}`, 'ip', 'addr', 'show', 'eth0']], {signal})).stdout;

export interface Check {
  /** A sentence that is true if `holds`. */
  readonly claim: string;
  /** What `saw` is, in at most 26 characters. */
  readonly label: string;
  readonly holds: boolean;
  /** The value that was found. */
  readonly saw: string;
}

/** All checks must hold. If the runtime does not log `ipconfigs received for id: …`, other evidence decides, and the labels name it. */
export const judge = (evidence: Evidence): readonly Check[] => {
  const {pod, ipAddr, byName} = evidence;
  const {address, ...reported} = reportedAddress(evidence);
  const inPod = /inet (\d+\.\d+\.\d+\.\d+)\//.exec(ipAddr)?.[1];
  return [
    reported,
    {
      claim: 'the API server has the same address',
      label: 'address at API server',
      holds: address !== undefined && address === pod.ips[0],
      saw: pod.ips[0] ?? 'none',
    },
    {
      claim: "the pod's eth0 has the same address",
      label: "address on pod's eth0",
      holds: address !== undefined && address === inPod,
      saw: inPod ?? 'none',
    },
    ...(isUnlogged(evidence) ? foreignChecks(evidence) : loggedChecks(evidence)),
    ...(byName === undefined
      ? []
      : [
          {
            claim: `the pod reaches the Service ${serviceByName} by its name`,
            label: nameLabel,
            holds: byName.succeeded,
            saw: byName.succeeded ? `${serviceByName} (Kubernetes ${byName.found})` : byName.found,
          },
        ]),
  ];
};

/** The address that the runtime reports: in its log, or in its answer. */
const reportedAddress = ({
  lines,
  sandbox,
  asked,
}: Evidence): Check & {readonly address: string | undefined} => {
  const received = lines.map(({msg}) => receivedIpConfigs(msg)).findLast((line) => line?.sandbox === sandbox);
  if (received === undefined && asked !== undefined) {
    const address = asked.kind === 'answered' ? asked.ips[0] : undefined;
    const found = asked.kind === 'answered' ? 'no address of eth0' : asked.why;
    return {
      claim: "the runtime answers QueryPodNetwork with an address for the pod's sandbox",
      label: 'address by QueryPodNetwork',
      holds: address !== undefined,
      saw: address === undefined ? found : `${address} (not in its log)`,
      address,
    };
  }
  const address = received?.interfaces.get('eth0')?.ips[0];
  return {
    claim: "the runtime logged the address of the pod's sandbox",
    label: "address in runtime's log",
    holds: address !== undefined && sandbox !== '',
    saw: received ? `${address ?? 'no eth0'} (sandbox ${sandbox.slice(0, 12)}…)` : 'no line for it',
    address,
  };
};

const labels = {netns: 'netns joined by containerd', calls: 'calls made by kubelet'} as const;
const ownNetns = "a namespace of containerd's own";

/** The runtime answers, and writes no line about its calls. */
const isUnlogged = ({lines, asked}: Evidence): boolean =>
  asked?.kind === 'answered' && !lines.some(({rpc}) => rpc !== undefined);

const loggedChecks = ({lines, sandbox, netns}: Evidence): readonly Check[] => {
  const made = lines.find(
    ({rpc, netns: path, level}) => rpc === 'CreateNetwork' && path === netns && level === 'info',
  );
  const order = orderOf(lines, sandbox, netns);
  return [
    {
      claim: 'containerd joined the network namespace that the runtime made',
      label: labels.netns,
      holds: netns !== undefined && made !== undefined,
      saw: netns ?? ownNetns,
    },
    {
      claim: 'the kubelet called CreateNetwork, AttachInterface, QueryPodNetwork in this order',
      label: labels.calls,
      holds: order.join() === 'CreateNetwork,AttachInterface,QueryPodNetwork',
      saw: order.join(', ') || 'none of them',
    },
  ];
};

/** containerd names the namespaces that it makes for CNI `cni-<uuid>`. It joins another one only if the kubelet asks for it. */
const foreignChecks = ({netns}: Evidence): readonly Check[] => [
  {
    claim: 'containerd joined a network namespace that it did not make',
    label: labels.netns,
    holds: netns !== undefined && !/(?:^|\/)cni-[^/]*$/.test(netns),
    saw: netns ?? ownNetns,
  },
  {
    claim: 'the calls of the kubelet are not in the log of the runtime',
    label: labels.calls,
    holds: true,
    saw: 'not checked: the runtime does not log them',
  },
];

/** One numbered line for each check that holds. The netns without its directory: a line fits into 80 columns. */
export const proofLines = (checks: readonly Check[]): readonly string[] =>
  checks.map(
    ({label, saw}, index) => `${index + 1}. ${label.padEnd(26)}  ${saw.replace(/^\/run\/netns\//, '')}`,
  );

/** The successful RPCs for this sandbox's network, in the order of their first success. */
const orderOf = (
  lines: readonly LogLine[],
  sandbox: string,
  netns: string | undefined,
): readonly string[] => {
  const mine = lines.filter(
    ({rpc, level, sandbox: id, netns: path}) =>
      level === 'info' && (rpc === 'CreateNetwork' ? netns !== undefined && path === netns : id === sandbox),
  );
  const wanted = new Set(['CreateNetwork', 'AttachInterface', 'QueryPodNetwork']);
  return [...new Set(mine.map(({rpc}) => rpc ?? ''))].filter((rpc) => wanted.has(rpc));
};

/** The line `ipconfigs received for id: …`, as the original demo also logged it. */
export const knownLine = ({lines, sandbox}: Pick<Evidence, 'lines' | 'sandbox'>): string | undefined =>
  lines.findLast(({msg}) => receivedIpConfigs(msg)?.sandbox === sandbox)?.msg;

/** The line `ipconfigs received for id: …`, or a note if the runtime does not log it. */
export const runtimeLine = (evidence: Evidence): string =>
  knownLine(evidence) ??
  'The network runtime does not log "ipconfigs received for id: …", so kni-demo called its QueryPodNetwork.';

/** A worker, where a pod needs no toleration. */
export const workerOf = (nodes: readonly NodeContainer[]): string | undefined =>
  nodes.find(({role}) => role === 'worker')?.name;
