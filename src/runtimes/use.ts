/** Puts a network runtime on all nodes, one after the other, and proves it. After a failure all nodes are switched back. */

import type {SwitchedRuntime} from '../changes/change.ts';
import type {Changes} from '../changes/changes.ts';
import {removeUnused} from '../changes/set-runtime.ts';
import {switchRuntime} from '../changes/switch-runtime.ts';
import {type Cluster, flagOf} from '../cluster/cluster.ts';
import {samplePodName} from '../cluster/names.ts';
import {isCurrent, type Pod, podsIn} from '../cluster/pod.ts';
import {podCidrsOf} from '../cluster/pod-cidrs.ts';
import {waitForPod} from '../cluster/pods.ts';
import {type Proof, waitForProof} from '../cluster/prove-kni.ts';
import {waitForNodes} from '../cluster/start.ts';
import {dropInText} from '../cluster/user-runtime.ts';
import {UserError} from '../errors.ts';
import type {Host} from '../host/host.ts';
import {DeadlineExceeded, waitUntil} from '../host/wait-until.ts';
import {getJson} from '../tools/kubectl.ts';
import {installProgram, type Program} from './program.ts';
import {lastLog, waitForRuntime} from './ready.ts';
import {samplePodNode} from './renew-pod.ts';

export interface RuntimeUse {
  /** Runs docker. */
  readonly host: Host;
  /** Undefined: kni-demo's own runtime. */
  readonly program: Program | undefined;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Throws UserError if the runtime does not become ready, or a pod does not get its network from it. */
export const useRuntime = async (
  changes: Changes,
  {host, program, signal, say}: RuntimeUse,
): Promise<Proof> => {
  const {cluster} = changes;
  const source = program?.source ?? "kni-demo's own";
  const before = (await podsWithNetwork(cluster, signal)).filter((pod) => pod.ready);
  const sample = await samplePodNode(cluster, signal);
  const cidrs = await podCidrsOf(cluster.controlPlane, signal);
  const switched: SwitchedRuntime[] = [];
  const since = new Map<string, number>();
  let proof: Proof | undefined;
  // The node of the sample pod is first: a runtime that does not work fails there, and the other nodes stay as they are.
  const names = cluster.nodes.map(({name}) => name);
  for (const node of [...names].sort((a, b) => Number(b === sample) - Number(a === sample))) {
    say(`switching ${node}`);
    const onNode = cluster.node(node);
    const begun = Date.now();
    since.set(node, begun);
    let started = begun;
    switched.push(
      await switchRuntime(changes, {
        node,
        to: source,
        dropIn: program && dropInOf(program, node, cidrs.get(node) ?? []),
        install: async () => {
          if (program !== undefined) await installProgram({host, node, program}, onNode, signal);
        },
        ready: async (onSwitched, running) => {
          started = running.since;
          await waitForRuntime(onSwitched, {node, source, ...running});
        },
        say,
        signal,
      }),
    );
    proof ??= await explained({source, node, onNode, since: started, signal}, async () => {
      await waitForPod(cluster.controlPlane, samplePodName, {
        signal,
        since: () => begun,
        atMost: 45_000,
        flag: flagOf(cluster),
      });
      return waitForProof(cluster, samplePodName, signal, {atMost: 15_000});
    });
    const uids = new Set(before.filter((pod) => pod.node === node).map(({uid}) => uid));
    await explained({source, node, onNode, since: started, signal}, () =>
      waitForPods(cluster, uids, (each) => since.get(each) ?? 0, signal),
    );
  }
  await waitForNodes(cluster, {signal, log: () => undefined});
  await changes.keep(...switched);
  for (const node of names) await removeUnused(cluster.node(node), signal);
  await noteNotReady(cluster, new Set(before.map(({uid}) => uid)), {signal, say});
  if (proof === undefined) throw new RangeError('a cluster without nodes');
  return proof;
};

export const dropInOf = (
  {source, id, name, isScript}: Program,
  node: string,
  podCidrs: readonly string[],
): string => dropInText({runtime: {source, id}, program: name, isScript, node, podCidrs});

interface Explained {
  readonly source: string;
  readonly node: string;
  readonly onNode: Host;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly signal: AbortSignal;
}

/** Adds the log of the runtime to an error about pods: it is lost when the node is switched back. */
const explained = async <T>(
  {source, node, onNode, since, signal}: Explained,
  work: () => Promise<T>,
): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    const isExpected = error instanceof UserError || error instanceof DeadlineExceeded;
    if (signal.aborted || !isExpected) throw error;
    const why = error instanceof UserError ? `${error.what}: ${error.why}` : error.message;
    throw new UserError(
      {
        what: `network runtime ${source} does not work on ${node}`,
        why: [why, ...(await lastLog(onNode, since))].join('\n'),
        tryThis: 'correct it and run the same command again',
        code: 'KNI-E117',
      },
      {cause: error},
    );
  }
};

/** The pods that a switch affects: those that run with a network of their own. */
export const podsWithNetwork = async (
  {controlPlane}: Pick<Cluster, 'controlPlane'>,
  signal: AbortSignal,
): Promise<readonly Pod[]> => {
  const {stdout} = await controlPlane.run(getJson('pods', '--all-namespaces'), {signal});
  return podsIn(stdout).filter(({hostNetwork, node, phase}) => !hostNetwork && node && phase !== 'Succeeded');
};

/** Waits until these pods have a new network. A pod that was deleted meanwhile does not count. */
const waitForPods = async (
  cluster: Cluster,
  uids: ReadonlySet<string>,
  since: (node: string) => number,
  signal: AbortSignal,
): Promise<void> => {
  await waitUntil(
    {what: 'its pods to get a network', every: 500, atMost: 45_000, signal},
    async (polling) => {
      const pods = (await podsWithNetwork(cluster, polling)).filter(({uid}) => uids.has(uid));
      const waiting = pods.find(
        (pod) => pod.startedAt === undefined || pod.ips.length === 0 || !isCurrent(pod, since),
      );
      if (waiting === undefined) return true;
      throw new Error(`${waiting.namespace}/${waiting.name}: ${waiting.why}`);
    },
  );
};

/** A pod may also need something else, such as pods on other nodes, which a small runtime does not reach. */
const noteNotReady = async (
  cluster: Cluster,
  uids: ReadonlySet<string>,
  {signal, say}: Pick<RuntimeUse, 'signal' | 'say'>,
): Promise<void> => {
  let waiting: readonly Pod[] = [];
  const wait = {what: 'all pods to be Ready', every: 500, atMost: 30_000, signal};
  await waitUntil(wait, async (polling) => {
    waiting = (await podsWithNetwork(cluster, polling)).filter(({uid, ready}) => uids.has(uid) && !ready);
    return waiting.length === 0 || undefined;
  }).catch((error: unknown) => {
    if (!(error instanceof DeadlineExceeded)) throw error;
    for (const {namespace, name, why} of waiting) say(`note: pod ${namespace}/${name} is not Ready: ${why}`);
  });
};
