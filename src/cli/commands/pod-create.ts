/** pod create: creates one more pod and proves it like the sample pod. */

import {requireCluster, requireRunning} from '../../cluster/cluster.ts';
import {findPod} from '../../cluster/pod.ts';
import {createPod, waitForPod} from '../../cluster/pods.ts';
import {knownLine, proofLines} from '../../cluster/proof.ts';
import {waitForProof} from '../../cluster/prove-kni.ts';
import {seconds} from '../../duration.ts';
import {UserError} from '../../errors.ts';
import {lineWriter} from '../../view/stream.ts';
import {hostAndDirs} from '../context.ts';
import type {World} from '../world.ts';

export interface PodCreateOptions {
  readonly name: string;
  readonly node?: string;
  readonly image?: string;
}

export const podCreate = async (
  world: World,
  pod: string,
  {name, node, image}: PodCreateOptions,
): Promise<void> => {
  const {signal} = world;
  const cluster = await requireCluster(hostAndDirs(world), name, signal);
  requireRunning(name, cluster.nodes);
  if (node !== undefined) cluster.node(node); // throws when the node is unknown

  const existing = await findPod(cluster.controlPlane, pod, signal);
  if (existing) {
    throw new UserError({
      what: `pod ${pod} already exists`,
      why: existing.ready ? `it is Ready on ${existing.node} with ${existing.ips[0]}` : existing.why,
      tryThis: 'choose another name, or delete it with kubectl',
      code: 'KNI-E209',
    });
  }
  const begun = performance.now();
  await createPod(
    cluster.controlPlane,
    {name: pod, ...(image !== undefined && {image}), ...(node !== undefined && {node})},
    signal,
  );
  const ready = await waitForPod(cluster.controlPlane, pod, {signal});
  const took = performance.now() - begun;
  const {evidence, checks} = await waitForProof(cluster, pod, signal);

  const say = lineWriter(world.stdout);
  say(`pod ${pod} is Ready on ${ready.node} with ${ready.ips[0]} after ${seconds(took)}`);
  say(knownLine(evidence) ?? '');
  for (const line of proofLines(checks)) say(line);
};
