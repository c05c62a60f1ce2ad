/** Measures one pod after another on a node. */

import type {Change} from '../changes/change.ts';
import type {Changes} from '../changes/changes.ts';
import {type Cluster, flagOf} from '../cluster/cluster.ts';
import {lastWarning, podManifest} from '../cluster/pods.ts';
import {parseLogLine} from '../cluster/runtime-log.ts';
import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {runtimeJournal} from '../tools/journalctl.ts';
import {scratch, timesFile} from './networks.ts';
import {podTimesFrom} from './pod-times.ts';

export type Side = 'cni' | 'kni';

/** Of one pod, in milliseconds. */
export interface Sample {
  /** From the kubelet's first call for the sandbox to the start of the container. */
  readonly sandboxToContainer: number;
  /** From the first CNI plugin to the start of the container. */
  readonly pluginToContainer: number;
  /** From the creation in the API server to Ready. */
  readonly createToReady: number;
}

export interface Measurement {
  readonly samples: readonly Sample[];
  /** Files that a running pod adds to the node, by path. */
  readonly files: readonly string[];
}

export interface MeasureOptions {
  readonly side: Side;
  /** The name of the node's container. */
  readonly node: string;
  readonly pods: number;
  /** Part of the pods' names, which must differ between all pods of one comparison. */
  readonly round: string;
  readonly signal: AbortSignal;
}

/** The first pod of a round only warms up: it is not in `samples`. */
export const measurePods = async (
  changes: Changes,
  {side, node, pods, round, signal}: MeasureOptions,
): Promise<Measurement> => {
  const samples: Sample[] = [];
  const host = changes.cluster.node(node);
  let files: readonly string[] | undefined;
  for (let index = 0; index <= pods; index += 1) {
    const name = `kni-demo-compare-${round}-${index}`;
    const before = await filesOn(host, signal);
    const objects = [{resource: 'pod', namespace: 'default', name}];
    const since = Date.now();
    let created = 0;
    const change: Change = {kind: 'objects-created', objects};
    await changes.make(change, async () => {
      created = await createPod(changes.cluster.controlPlane, await podManifest({name, node}));
    });
    const createToReady = (await whenReady(changes.cluster, name, node, signal)) - created;
    const added = (await filesOn(host, signal)).filter((file) => !before.includes(file));
    // Other pods of the node that start meanwhile add theirs, so the fewest count.
    if (files === undefined || added.length < files.length) files = added;
    if (index > 0) {
      const times = podTimesFrom(name, await logsOf(host, {side, name, since, signal}));
      samples.push({
        sandboxToContainer: tenths(times.containerStarted - times.sandboxBegin),
        pluginToContainer: tenths(times.containerStarted - times.pluginBegin),
        createToReady: tenths(createToReady),
      });
    }
    await changes.undo(change);
  }
  return {samples, files: files ?? []};
};

/** The clocks are not more precise than that. */
const tenths = (ms: number): number => Math.round(ms * 10) / 10;

const kubectl = 'kubectl --kubeconfig=/etc/kubernetes/admin.conf';

/**
 * Returns the time after the creation, in milliseconds since 1970. It is not cancelled: kubectl would go on in the node, and could create
 * the pod after its deletion.
 */
const createPod = async (controlPlane: Host, input: string): Promise<number> => {
  const command = ['sh', ['-ec', `timeout 25 ${kubectl} create -f - >/dev/null; date +%s%N`]] as const;
  return Number((await controlPlane.run(command, {input, timeout: 30_000})).stdout) / 1e6;
};

/**
 * Resolves with the time at which the pod is Ready, in milliseconds since 1970. kubectl watches the pod, so this does not depend on
 * polling. Throws UserError with the pod's last warning event if it does not become Ready.
 */
const whenReady = async (
  cluster: Pick<Cluster, 'controlPlane' | 'nodes'>,
  name: string,
  node: string,
  signal: AbortSignal,
): Promise<number> => {
  const script = `${kubectl} wait --for=condition=Ready --timeout=90s "pod/$1" >/dev/null; date +%s%N`;
  const command = ['sh', ['-ec', script, 'sh', name]] as const;
  const {controlPlane} = cluster;
  try {
    return Number((await controlPlane.run(command, {signal, timeout: 120_000})).stdout) / 1e6;
  } catch (error) {
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    throw new UserError(
      {
        what: `pod ${name} does not become Ready on ${node}`,
        why: (await lastWarning(controlPlane, name)) ?? error.lastLine,
        tryThis: `check the node: kni-demo status${flagOf(cluster)}`,
        code: 'KNI-E102',
      },
      {cause: error},
    );
  }
};

const logsOf = async (
  host: Host,
  {
    side,
    name,
    since,
    signal,
  }: {readonly side: Side; readonly name: string; readonly since: number; readonly signal: AbortSignal},
) => {
  const options = {signal, timeout: 20_000};
  const journal = ['--unit=containerd', '--output=cat', '--no-pager', `--since=@${(since - 1_000) / 1_000}`];
  const containerd = (await host.run(['journalctl', journal], options)).stdout;
  const plugin = (await host.run(['cat', [timesFile]], options)).stdout;
  if (side === 'cni') return {containerd, plugin, createNetwork: undefined};
  const {stdout} = await host.run(runtimeJournal({since: since - 1_000}), options);
  const line = stdout
    .split('\n')
    .flatMap((each) => parseLogLine(each) ?? [])
    .find(({pod, msg}) => pod === `default/${name}` && msg === 'CreateNetwork ok');
  if (line?.ms === undefined)
    throw new Error(`the log of the network runtime has no CreateNetwork of ${name}`);
  return {containerd, plugin, createNetwork: Date.parse(line.time) - line.ms};
};

/** Places where the network of a pod may leave files. */
const filesOn = async (host: Host, signal: AbortSignal): Promise<readonly string[]> => {
  const places = '/run/netns /var/lib/cni /var/lib/kni /var/lib/kubelet/kni';
  const script = `find ${places} ${scratch}/ipam -type f 2>/dev/null | sort -u || true`;
  const {stdout} = await host.run(['sh', ['-c', script]], {signal, timeout: 20_000});
  return stdout.split('\n').filter(Boolean);
};
