/** Recreates the sample pod, and proves that it got its network over KNI. */

import {type Cluster, flagOf} from '../cluster/cluster.ts';
import {samplePodName} from '../cluster/names.ts';
import {findPod} from '../cluster/pod.ts';
import {createPod, readyPod, replacePod, waitForPod} from '../cluster/pods.ts';
import {workerOf} from '../cluster/proof.ts';
import {type Proof, waitForProof} from '../cluster/prove-kni.ts';
import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import {DeadlineExceeded} from '../host/wait-until.ts';

/** The node of the sample pod, which is created if it is missing: on a worker, if there is one. */
export const samplePodNode = async (
  {controlPlane, nodes}: Pick<Cluster, 'controlPlane' | 'nodes'>,
  signal: AbortSignal,
): Promise<string> => {
  const found = await findPod(controlPlane, samplePodName, signal);
  const node = found?.node ?? workerOf(nodes) ?? nodes[0]?.name ?? '';
  if (found === undefined) await createPod(controlPlane, {name: samplePodName, node}, signal);
  return node;
};

/**
 * Throws UserError if the new pod does not become Ready, or a check fails; see `explainProof` for other errors. `node` is where the pod
 * is.
 */
export const renewSamplePod = async (cluster: Cluster, node: string, signal: AbortSignal): Promise<Proof> => {
  await replacePod(cluster.controlPlane, {name: samplePodName, node});
  signal.throwIfAborted();
  const {controlPlane} = cluster;
  const begun = performance.now();
  const found =
    (await readyPod(controlPlane, samplePodName, {signal, atMost: 30_000})) ??
    (await waitForPod(controlPlane, samplePodName, {
      signal,
      atMost: 1_000,
      waited: performance.now() - begun,
      flag: flagOf(cluster),
    }));
  return waitForProof(cluster, samplePodName, signal, {atMost: 10_000, every: 100, found});
};

/** Turns the errors of a node that does not answer, or not in time, into UserError. Returns other errors unchanged. */
export const explainProof = (error: unknown): unknown => {
  if (!(error instanceof CommandError || error instanceof DeadlineExceeded)) return error;
  return new UserError(
    {
      what: 'cannot prove this version',
      why: error instanceof CommandError ? error.lastLine : error.message,
      tryThis: 'check that the nodes run: kni-demo status',
      code: 'KNI-E102',
    },
    {cause: error},
  );
};
