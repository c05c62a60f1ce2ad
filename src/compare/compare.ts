/** Compares CNI in containerd with KNI, on one worker that is switched and switched back. */

import type {Changes} from '../changes/changes.ts';
import {changeFiles} from '../changes/make.ts';
import {switchNode} from '../changes/switch-node.ts';
import {type Pod, podsIn} from '../cluster/pod.ts';
import {requireReadyNodes, waitForReports} from '../cluster/readiness.ts';
import {waitForNodes} from '../cluster/start.ts';
import {waitUntil} from '../host/wait-until.ts';
import {getJson} from '../tools/kubectl.ts';
import {type Measurement, measurePods, type Sample} from './measure.ts';
import {networksToCompare, scratch} from './networks.ts';
import {type Summary, summaryOf} from './statistics.ts';

export interface SideResult {
  /** The plugin programs that run when a pod is created, without the one that writes the time. */
  readonly programs: readonly string[];
  /** Files that a running pod adds to the node. */
  readonly files: readonly string[];
  /** Milliseconds. */
  readonly times: Readonly<Record<keyof Sample, Summary>>;
}

export interface Comparison {
  readonly node: string;
  readonly cni: SideResult;
  readonly kni: SideResult;
}

export interface CompareOptions {
  /** The name of the worker's container. */
  readonly node: string;
  /** How many pods to measure on each side. */
  readonly pods: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Milliseconds in which the nodes may become Ready before the first change. */
  readonly settleTime?: number;
}

/**
 * Measures half of the KNI pods before and half after the CNI pods, so that a machine that gets slower or faster does not favour a side.
 * Leaves the node as it was.
 */
export const compareNetworks = async (
  changes: Changes,
  {node, pods, signal, say, settleTime}: CompareOptions,
): Promise<Comparison> => {
  const {cluster} = changes;
  const host = cluster.node(node);
  const names = cluster.nodes.map(({name}) => name);
  await requireReadyNodes(cluster, names, {purpose: 'a comparison', settleTime, signal});
  const networks = await networksToCompare(host, node, signal);
  const ready = new Set((await podsOn(cluster, node, signal)).filter((pod) => pod.ready).map(({uid}) => uid));
  const settled = async (since: number): Promise<void> => {
    await waitForReports(cluster, (name) => (name === node ? since : 0), signal);
    await waitForNodes(cluster, {signal, log: () => undefined});
    await waitUntil(
      {what: `the pods of ${node} to be Ready again`, every: 500, atMost: 120_000, signal},
      async (polling) => {
        const now = await podsOn(cluster, node, polling);
        // A pod that was deleted during the comparison is not recreated.
        return now.every((pod) => pod.ready || !ready.has(pod.uid)) || undefined;
      },
    );
  };
  const kni = async (round: string, count: number): Promise<Measurement> => {
    say(`measuring ${count} ${count === 1 ? 'pod' : 'pods'} through KNI`);
    const chain = await changeFiles(changes, {node, texts: networks.kni, signal});
    const measured = await measurePods(changes, {side: 'kni', node, pods: count, round, signal});
    await changes.undo(chain);
    return measured;
  };

  await host.run(['rm', ['-rf', scratch]], {signal, timeout: 20_000});
  const before = await kni('kni-1', Math.ceil(pods / 2));
  say(`switching ${node} to CNI in containerd`);
  let since = Date.now();
  const switched = await switchNode(changes, {
    node,
    to: 'CNI',
    files: networks.cni,
    stop: ['kni'],
    scratch: [scratch],
    signal,
  });
  await settled(since);
  say(`measuring ${pods} pods through CNI`);
  const cni = await measurePods(changes, {side: 'cni', node, pods, round: 'cni', signal});
  say(`switching ${node} back to KNI`);
  since = Date.now();
  await changes.undo(switched);
  await settled(since);
  const after = await kni('kni-2', Math.floor(pods / 2));

  return {
    node,
    cni: sideOf(networks.programs.cni, [cni]),
    kni: sideOf(networks.programs.kni, [before, after]),
  };
};

const sideOf = (
  programs: readonly string[],
  [first, ...more]: readonly [Measurement, ...Measurement[]],
): SideResult => ({
  programs,
  files: first.files,
  times: timesOf([first, ...more].flatMap(({samples}) => samples)),
});

const podsOn = async (
  {controlPlane}: Changes['cluster'],
  node: string,
  signal: AbortSignal,
): Promise<readonly Pod[]> => {
  const {stdout} = await controlPlane.run(getJson('pods', '--all-namespaces'), {signal});
  return podsIn(stdout).filter((pod) => pod.node === node);
};

const timesOf = (samples: readonly Sample[]): SideResult['times'] => {
  const of = (key: keyof Sample): Summary => summaryOf(samples.map((sample) => sample[key]));
  return {
    sandboxToContainer: of('sandboxToContainer'),
    pluginToContainer: of('pluginToContainer'),
    createToReady: of('createToReady'),
  };
};
