/** Collects everything about one pod's network from the API server, the network runtime, the kernel and the journal. */

import type {Cluster} from './cluster.ts';
import {requireRunning, workersOf} from './cluster.ts';
import {type Difference, differencesOf} from './differences.ts';
import {type KernelView, kernelViewOf, type NoKernelView} from './kernel-view.ts';
import {type PlacedPod, placedPod} from './placed-pod.ts';
import {stateOf} from './pod.ts';
import {type PodRecord, recordOf} from './pod-record.ts';
import {linesMatching} from './runtime-log.ts';
import {type Moment, timelineOf} from './timeline.ts';

export interface PodInspection {
  readonly pod: PlacedPod;
  readonly record: PodRecord;
  readonly kernel: KernelView | NoKernelView;
  readonly differences: readonly Difference[];
  readonly timeline: readonly Moment[];
}

export interface InspectionOptions {
  /** The cluster's name. */
  readonly name: string;
  /** Run CNI CHECK. */
  readonly check: boolean;
  readonly signal: AbortSignal;
}

/** `pod` is `namespace/name`. Throws UserError when the pod, its network or its node is unavailable. */
export const inspectPod = async (
  cluster: Cluster,
  pod: string,
  {name, check, signal}: InspectionOptions,
): Promise<PodInspection> => {
  requireRunning(
    name,
    cluster.nodes.filter(({role}) => role === 'control-plane'),
  );
  const placed = await placedPod(cluster, pod, signal);
  requireRunning(
    name,
    cluster.nodes.filter((each) => each.name === placed.node),
  );
  const node = cluster.node(placed.node);
  const record = await recordOf(node, placed, {
    cluster: name,
    workers: workersOf(cluster.nodes),
    check,
    signal,
  });
  const {correlation, sandbox, netns} = record.network;
  const subject = {correlation, sandbox, netns, uid: placed.uid};
  const [kernel, lines] = await Promise.all([
    netns === undefined ? {why: 'its network namespace is unknown'} : kernelViewOf(node, netns, signal),
    linesMatching(patternOf([correlation, sandbox, placed.uid]), node, signal),
  ]);
  return {
    pod: placed,
    record,
    kernel,
    differences: differencesOf({record, kernel, ips: placed.ips}),
    timeline: timelineOf(lines, subject),
  };
};

/** The JSON format, which other programs read. */
export const inspectionJson = ({pod, ...rest}: PodInspection): object => {
  const {namespace, name, uid, node, ips} = pod;
  return {pod: {namespace, name, uid, node, ips, state: stateOf(pod)}, ...rest};
};

/** A Perl regular expression that matches any of these texts. */
const patternOf = (texts: readonly (string | undefined)[]): string =>
  texts.flatMap((each) => each?.replaceAll(/[^\w-]/g, String.raw`\$&`) ?? []).join('|');
