/** verify: a pod of which all sources agree that KNI gave it its network. */

import {createPod, findPod, isCurrent, waitForPod} from '../cluster/pods.ts';
import {type Check, type Evidence, gatherEvidence, judge, knownLine, workerOf} from '../cluster/proof.ts';
import {sinceStart} from '../cluster/readiness.ts';
import {UserError} from '../errors.ts';
import {DeadlineExceeded, waitUntil} from '../host/wait-until.ts';
import type {ClusterContext, DemoTask} from './context.ts';
import {currentCluster, programsId, runtimeFlagsId, setup} from './setup.ts';

export const samplePodName = 'samplepod';

const samplePod: DemoTask = {
  id: 'verify/sample-pod',
  title: `Create ${samplePodName} and wait until it is Ready`,
  needs: [setup.nodesReady.id, setup.dns.id, runtimeFlagsId],
  live: true,
  async done(context, {signal}) {
    const {controlPlane, nodes} = await currentCluster(context);
    const pod = await findPod(controlPlane, samplePodName, signal);
    if (!pod?.ready || !isCurrent(pod, await sinceStart(context.host, nodes, signal))) return undefined;
    return `Ready on ${pod.node} with ${pod.ip}`;
  },
  async run(context, {signal, log}) {
    const cluster = await currentCluster(context);
    const node = workerOf(cluster.nodes);
    const spec = {name: samplePodName, ...(node !== undefined && {node})};
    await createPod(cluster.controlPlane, spec, signal);
    const since = await sinceStart(context.host, cluster.nodes, signal);
    const pod = await waitForPod(cluster.controlPlane, samplePodName, {signal, since});
    log(`Ready on ${pod.node} with ${pod.ip}`);
  },
};

export interface Proof {
  readonly evidence: Evidence;
  readonly checks: readonly Check[];
}

/** Throws UserError where a pod is not there, or where one of the checks does not hold. */
export const proveKni = async (
  context: ClusterContext,
  name: string,
  signal: AbortSignal,
): Promise<Proof> => {
  const cluster = await currentCluster(context);
  const pod = await findPod(cluster.controlPlane, name, signal);
  if (!pod?.ready) {
    throw new UserError({
      what: `pod ${name} is not Ready`,
      why: pod?.why ?? 'there is no such pod',
      tryThis: `kni-demo logs --pod ${name}`,
    });
  }
  const evidence = await gatherEvidence(cluster, pod, signal);
  const checks = judge(evidence);
  const failed = checks.filter(({holds}) => !holds);
  if (failed.length === 0) return {evidence, checks};
  throw new UserError({
    what: `KNI is not proved for pod ${name}`,
    why: failed.map(({claim, saw}) => `it does not hold that ${claim}: saw ${saw}`).join('\n'),
    tryThis: `read what the runtime did: kni-demo logs --pod ${name}`,
  });
};

/**
 * A node that has just come back makes its pods anew, and the API server has the old ones as Ready until then. Where
 * the kubelet's first attempt fails, its next one comes 10 to 15 s later.
 */
export const proveSoon = async (
  context: ClusterContext,
  pod: string,
  signal: AbortSignal,
): Promise<Proof> => {
  const wait = {what: 'the proof to hold', every: 1_000, atMost: 60_000, signal};
  return waitUntil(wait, () => proveKni(context, pod, signal)).catch((error: unknown) => {
    throw error instanceof DeadlineExceeded && error.cause instanceof UserError ? error.cause : error;
  });
};

/** Never skipped: the proof is of the cluster as it is now. */
const kni: DemoTask = {
  id: 'verify/kni',
  title: 'Prove that KNI gave it its network',
  needs: [samplePod.id, programsId],
  async run(context, {signal, log}) {
    const {evidence, checks} = await proveSoon(context, samplePodName, signal);
    log(knownLine(evidence) ?? '');
    for (const {claim, saw} of checks) log(`${claim}: ${saw}`);
  },
};

export const verify = {samplePod, kni} as const satisfies Record<string, DemoTask>;
