/** Recreates the sample pod, and proves that it got its network over KNI. */

import {type Cluster, flagOf} from '../cluster/cluster.ts';
import {samplePodName} from '../cluster/names.ts';
import {findPod} from '../cluster/pod.ts';
import {becomesReady, createPod, replacePod, waitForPod} from '../cluster/pods.ts';
import {workerOf} from '../cluster/proof.ts';
import {type Proof, waitForProof} from '../cluster/prove-kni.ts';

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

/** Throws UserError if the new pod does not become Ready, or a check fails. `node` is where the pod is. */
export const renewSamplePod = async (cluster: Cluster, node: string, signal: AbortSignal): Promise<Proof> => {
  await replacePod(cluster.controlPlane, {name: samplePodName, node});
  signal.throwIfAborted();
  const {controlPlane} = cluster;
  if (!(await becomesReady(controlPlane, samplePodName, {signal, atMost: 30_000})))
    await waitForPod(controlPlane, samplePodName, {signal, atMost: 1_000, flag: flagOf(cluster)});
  return waitForProof(cluster, samplePodName, signal, {atMost: 10_000, every: 100});
};
