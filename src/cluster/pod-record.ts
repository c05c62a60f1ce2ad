/** Reads the record of a pod's network from the network runtime, or else from containerd and the journal. */

import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {netnsOf, sandboxesOfPod, sandboxInfo} from '../tools/ctr.ts';
import {askPod, type InspectedPod, parseInspectedPod, refusalOf} from '../tools/kni-runtime.ts';
import {askAddresses} from './asked-addresses.ts';
import {nameFlag} from './cluster.ts';
import {noAnswer} from './no-answer.ts';
import type {PlacedPod} from './placed-pod.ts';
import {stateOf} from './pod.ts';
import {linesMatching, receivedIpConfigs} from './runtime-log.ts';

const pathOf = ({namespace, name}: PlacedPod): string => `${namespace}/${name}`;

export interface PodRecord {
  readonly network: InspectedPod['network'];
  readonly attachments: InspectedPod['attachments'];
  /** The problems that CNI CHECK found; undefined when it was not run. */
  readonly problems?: readonly string[];
  /** Problems reported by CNI CHECK that are known bugs of a plugin. */
  readonly knownBugs?: InspectedPod['knownBugs'];
  /** Interfaces whose network has no CHECK. */
  readonly unchecked?: InspectedPod['unchecked'];
  /** Sentences that say which parts of the record are missing, and why. */
  readonly lacks: readonly string[];
}

export interface RecordOptions {
  readonly cluster: string;
  /** The number of workers of the cluster. */
  readonly workers: number;
  readonly check: boolean;
  readonly signal: AbortSignal;
}

/** Throws UserError when the runtime does not run, or does not know the pod. */
export const recordOf = async (node: Host, pod: PlacedPod, options: RecordOptions): Promise<PodRecord> => {
  const {check, signal} = options;
  try {
    const {stdout} = await node.run(askPod(pathOf(pod), {check}), {signal});
    const {network, attachments, problems, knownBugs, unchecked} = parseInspectedPod(stdout);
    if (network.uid !== undefined && network.uid !== pod.uid)
      throw unknownPod(pod, 'its record is of an earlier pod with the same name', options);
    return {network, attachments, ...(check && {problems, knownBugs, unchecked}), lacks: []};
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof CommandError)) throw error;
    const refusal = refusalOf(error);
    const isUnsupported = refusal?.status === 'UNIMPLEMENTED' || refusal?.status === 'no client';
    if (refusal && isUnsupported && check) {
      const record = await recordOf(node, pod, {...options, check: false});
      return {...record, lacks: [...record.lacks, `CNI CHECK was not run: ${refusal.details}`]};
    }
    if (refusal && isUnsupported) return withoutRuntime(node, pod, {...options, why: refusal.details});
    if (refusal?.status === 'NOT_FOUND') throw unknownPod(pod, refusal.details, options, error);
    throw new UserError(
      {
        code: 'KNI-E112',
        what: `cannot inspect pod ${pathOf(pod)} on ${pod.node}`,
        ...noAnswer(error, {node: pod.node, cluster: options.cluster, workers: options.workers}),
      },
      {cause: error},
    );
  }
};

const unknownPod = (pod: PlacedPod, why: string, {cluster}: RecordOptions, cause?: Error): UserError =>
  new UserError(
    {
      code: 'KNI-E112',
      what: `the network runtime of ${pod.node} has no record of pod ${pathOf(pod)} (${stateOf(pod)})`,
      why,
      tryThis: `see what it did: kni-demo logs --node ${pod.node} --pod ${pathOf(pod)}${nameFlag(cluster)}`,
    },
    {cause},
  );

/** For another KNI runtime: the addresses that it logged or answers, and the network namespace that containerd joined. */
const withoutRuntime = async (
  node: Host,
  pod: PlacedPod,
  {why, signal}: RecordOptions & {readonly why: string},
): Promise<PodRecord> => {
  const [lines, sandboxes] = await Promise.all([
    linesMatching(pod.uid, node, signal),
    node.run(sandboxesOfPod(pod.uid), {signal}),
  ]);
  const ids = sandboxes.stdout.split('\n').filter(Boolean);
  const received = lines
    .flatMap(({msg}) => receivedIpConfigs(msg) ?? [])
    .findLast(({sandbox}) => ids.includes(sandbox));
  const sandbox = received?.sandbox ?? ids[0];
  if (sandbox === undefined) {
    throw new UserError({
      code: 'KNI-E112',
      what: `pod ${pathOf(pod)} has no network (${stateOf(pod)})`,
      why: `containerd has no sandbox for it on ${pod.node}`,
      tryThis: 'inspect it again when it runs',
    });
  }
  const netns = netnsOf((await node.run(sandboxInfo(sandbox), {signal})).stdout);
  const asked = received === undefined ? await askAddresses(node, sandbox, signal) : undefined;
  const answered =
    asked?.kind === 'answered' && asked.ips.length > 0
      ? [['eth0', {ips: asked.ips, mac: undefined}] as const]
      : [];
  const interfaces = [...(received?.interfaces ?? answered)].map(([ifName, {ips, mac}]) => ({
    name: ifName,
    mac,
    mtu: undefined,
    addresses: ips.map((cidr) => ({cidr})),
  }));
  return {
    network: {sandbox, netns, uid: pod.uid, interfaces},
    attachments: [],
    lacks: [
      `cannot ask the network runtime for its record: ${why}`,
      `shown instead: facts from the API server, containerd, the kernel and ${received === undefined ? "the runtime's answers" : 'the journal'}`,
    ],
  };
};
