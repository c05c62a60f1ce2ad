/** Runs one drill: prepares its namespace, runs its steps, restores everything and judges. */

import {setTimeout as sleep} from 'node:timers/promises';
import {withChanges} from '../changes/changes.ts';
import {createObjects} from '../changes/make.ts';
import {type Cluster, type ClusterPlace, flagOf, nameFlag} from '../cluster/cluster.ts';
import {podsIn} from '../cluster/pod.ts';
import {workerOf} from '../cluster/proof.ts';
import {nodeReadiness, requireReadyNodes} from '../cluster/readiness.ts';
import {newTraces, type Traces, tracesOn} from '../cluster/traces.ts';
import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import {waitUntil} from '../host/wait-until.ts';
import {messageOf} from '../thrown.ts';
import {getJson, kubectl} from '../tools/kubectl.ts';
import type {Check, Drill, DrillListener, Measurement, Scene, Verdict} from './drill.ts';
import {bridge, network} from './network.ts';
import {namespace} from './pods.ts';

export interface DrillOptions {
  /** The name of the cluster. */
  readonly cluster: string;
  /** The command that holds the lock. */
  readonly command: string;
  readonly listener: DrillListener;
  /** Gets a line for each change that is undone. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  /**
   * Milliseconds before the drill in which the nodes may become Ready, and afterwards in which the worker may remove what is
   * left. Default: 30000.
   */
  readonly settleTime?: number;
}

/**
 * Restores everything, also when the signal aborts; then rejects with its reason. Rejects with UserError when the cluster is not
 * ready for a drill, or cannot be restored. The caller must hold the lock.
 */
export const runDrill = async (
  place: ClusterPlace,
  drill: Drill,
  {cluster: name, command, listener, say, signal, settleTime = 30_000}: DrillOptions,
): Promise<Verdict> => {
  const begun = performance.now();
  const script = scriptOf(listener);
  const {cluster, worker, before} = await withChanges(
    place,
    {cluster: name, command, signal, say},
    async (changes) => {
      const ready = await readyCluster(changes.cluster, {signal, settleTime});
      // Undone in the reverse order: the bridge goes after the pods on it.
      if (drill.ownNetwork) {
        const ownNetwork = {node: ready.worker, bridge, leases: `/var/lib/kni/ipam/${network}`};
        await changes.make({kind: 'network-created', ...ownNetwork}, async () => undefined);
      }
      await createNamespace(changes, signal);
      try {
        await drill.run({...ready, changes, signal, flag: nameFlag(name), step: script.step});
      } catch (error) {
        signal.throwIfAborted();
        script.fail(error);
      }
      listener.restoring();
      return ready;
    },
  );
  const left = await leftBehind(cluster, {worker, before, signal, settleTime});
  const {checks, measurements} = script;
  const failed = checks.filter(({holds}) => !holds);
  return {
    drill: drill.name,
    passed: failed.length === 0 && left.length === 0,
    ms: Math.round(performance.now() - begun - script.paused()),
    checks: checks.length,
    failed,
    measurements,
    left,
  };
};

/** Collects the steps of a drill and reports them. */
export const scriptOf = (listener: DrillListener) => {
  const checks: Check[] = [];
  const measurements: Measurement[] = [];
  let number = 0;
  let title = 'the preparation';
  let paused = 0;

  const step: Scene['step'] = async (stepTitle, commands, act) => {
    number += 1;
    title = stepTitle;
    const current = number;
    const own: Check[] = [];
    const called = performance.now();
    await listener.stepBegun(current, stepTitle, commands);
    const begun = performance.now();
    paused += begun - called;
    try {
      return await act({
        check(source, claim, evidence) {
          const check = {source, claim, ...evidence};
          checks.push(check);
          own.push(check);
          listener.checked(check);
        },
        measure: (what, value, unit) => void measurements.push({what, value: Math.round(value), unit}),
      });
    } finally {
      const ms = Math.round(performance.now() - begun);
      listener.stepEnded({number: current, title: stepTitle, commands, ms, checks: own});
    }
  };
  return {
    checks,
    measurements,
    step,
    /** How long the listener made steps wait, in milliseconds. */
    paused: (): number => paused,
    /** A step could not be finished. */
    fail(error: unknown): void {
      const claim = `this can be done: ${title}`;
      const check = {source: 'drill', claim, holds: false, saw: messageOf(error)} as const;
      checks.push(check);
      listener.checked(check);
    },
  };
};

type ReadyCluster = Pick<Scene, 'cluster' | 'worker' | 'controlPlane'> & {readonly before: Traces};

const readyCluster = async (
  cluster: Cluster,
  {signal, settleTime}: {readonly signal: AbortSignal; readonly settleTime: number},
): Promise<ReadyCluster> => {
  const worker = workerOf(cluster.nodes);
  const controlPlane = cluster.nodes.find(({role}) => role === 'control-plane')?.name;
  const flag = flagOf(cluster);
  if (worker === undefined || controlPlane === undefined) {
    throw new UserError({
      what: 'the cluster has no worker',
      why: 'a drill changes a worker, and uses the control plane to look at it',
      tryThis: `recreate it: kni-demo down${flag}, then kni-demo up${flag} --workers 1`,
      code: 'KNI-E208',
    });
  }
  await requireReadyNodes(cluster, [worker, controlPlane], {purpose: 'a drill', settleTime, signal});
  return {cluster, worker, controlPlane, before: await tracesOn(cluster.node(worker), signal)};
};

const createNamespace = async (changes: Scene['changes'], signal: AbortSignal): Promise<void> => {
  const {controlPlane} = changes.cluster;
  const get = kubectl('get', 'namespace', namespace, '--ignore-not-found', '-o', 'name');
  if ((await controlPlane.run(get, {signal})).stdout.trim() !== '') {
    throw new UserError({
      what: `namespace ${namespace} exists already`,
      why: 'drills use a namespace of that name, and delete it afterwards',
      tryThis: `if you do not need it: kni-demo kubectl${flagOf(changes.cluster)} delete namespace ${namespace}`,
      code: 'KNI-E406',
    });
  }
  const manifest = JSON.stringify({apiVersion: 'v1', kind: 'Namespace', metadata: {name: namespace}});
  const objects = [{resource: 'namespace', name: namespace}];
  await createObjects(changes, {manifest, objects, signal});
  // The API server refuses pods until the namespace has its service account.
  const account = kubectl('get', 'serviceaccount', 'default', '-n', namespace);
  const wait = {what: `namespace ${namespace} to have a service account`, every: 100, atMost: 20_000, signal};
  await waitUntil(wait, (polling) => controlPlane.run(account, {signal: polling}));
};

interface Aftermath {
  readonly worker: string;
  readonly before: Traces;
  readonly signal: AbortSignal;
  readonly settleTime: number;
}

/** Lists what the worker has in addition to `before`, after waiting `settleTime`. Ignores new pods of other namespaces. */
const leftBehind = async (
  cluster: Cluster,
  {worker, before, signal, settleTime}: Aftermath,
): Promise<readonly string[]> => {
  const look = async (): Promise<readonly string[]> => {
    const [readiness, now, pods] = await Promise.all([
      nodeReadiness(cluster.controlPlane, signal),
      tracesOn(cluster.node(worker), signal),
      cluster.controlPlane.run(getJson('pods', '--all-namespaces'), {signal}),
    ]);
    const others = podsIn(pods.stdout).flatMap(({uid, ips}) => [uid, ...ips]);
    const left = newTraces(now, before).filter((trace) => !others.some((other) => isAbout(trace, other)));
    const isReady = readiness.find(({name}) => name === worker)?.ready;
    return isReady ? left : [...left, `node ${worker} is not Ready`];
  };
  const end = performance.now() + settleTime;
  for (;;) {
    // A runtime that has just been restored may not answer yet.
    const left = await look().catch((error: unknown) => {
      if (signal.aborted || !(error instanceof CommandError)) throw error;
      return [`unknown, the worker cannot be examined: ${error.message}`];
    });
    if (left.length === 0 || performance.now() > end) return left;
    await sleep(500, undefined, {signal});
  }
};

/** `kni/10.244.1.2` is not about 10.244.1.25. */
const isAbout = (trace: string, uidOrAddress: string): boolean =>
  uidOrAddress.includes('-')
    ? trace.includes(uidOrAddress)
    : trace.split(/[ /]/).some((word) => word === uidOrAddress || word.startsWith(`${uidOrAddress}:`));
