/** Creates the sample pod. */

import {nameFlag} from '../../cluster/cluster.ts';
import {samplePodName} from '../../cluster/names.ts';
import {findPod, isCurrent} from '../../cluster/pod.ts';
import {createPod, waitForPod} from '../../cluster/pods.ts';
import {workerOf} from '../../cluster/proof.ts';
import {nodeStartTimes} from '../../cluster/readiness.ts';
import type {DemoTask} from '../context.ts';
import {currentCluster} from '../lib/current-cluster.ts';
import {nodesReady} from '../setup/nodes-ready.ts';
import {runtimeFlags} from '../setup/runtime-flags.ts';

export const samplePod: DemoTask = {
  id: 'verify/sample-pod',
  title: `Create ${samplePodName} and wait until it is Ready`,
  needs: [nodesReady.id, runtimeFlags.id],
  live: true,
  async done(context, {signal}) {
    const {controlPlane, nodes} = await currentCluster(context);
    const [pod, since] = await Promise.all([
      findPod(controlPlane, samplePodName, signal),
      nodeStartTimes(context.host, nodes, signal),
    ]);
    if (!pod?.ready || !isCurrent(pod, since)) return undefined;
    return `Ready on ${pod.node} with ${pod.ips[0]}`;
  },
  async run(context, {signal, log}) {
    const cluster = await currentCluster(context);
    const node = workerOf(cluster.nodes);
    const spec = {name: samplePodName, ...(node !== undefined && {node})};
    await createPod(cluster.controlPlane, spec, signal);
    const since = await nodeStartTimes(context.host, cluster.nodes, signal);
    const pod = await waitForPod(cluster.controlPlane, samplePodName, {
      signal,
      since,
      flag: nameFlag(context.cluster.name),
    });
    log(`Ready on ${pod.node} with ${pod.ips[0]}`);
  },
};
