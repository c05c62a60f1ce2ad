/** verify: a pod of which all sources agree that KNI gave it its network. */

import {findPod, isCurrent} from '../../cluster/pod.ts';
import {createPod, waitForPod} from '../../cluster/pods.ts';
import {knownLine, workerOf} from '../../cluster/proof.ts';
import {waitForProof} from '../../cluster/prove-kni.ts';
import {nodeStartTimes} from '../../cluster/readiness.ts';
import type {DemoTask} from '../context.ts';
import {currentCluster, programsId, runtimeFlagsId, setup} from '../setup/cluster.ts';

export const samplePodName = 'samplepod';

const samplePod: DemoTask = {
  id: 'verify/sample-pod',
  title: `Create ${samplePodName} and wait until it is Ready`,
  needs: [setup.nodesReady.id, setup.dns.id, runtimeFlagsId],
  live: true,
  async done(context, {signal}) {
    const {controlPlane, nodes} = await currentCluster(context);
    const pod = await findPod(controlPlane, samplePodName, signal);
    if (!pod?.ready || !isCurrent(pod, await nodeStartTimes(context.host, nodes, signal))) return undefined;
    return `Ready on ${pod.node} with ${pod.ips[0]}`;
  },
  async run(context, {signal, log}) {
    const cluster = await currentCluster(context);
    const node = workerOf(cluster.nodes);
    const spec = {name: samplePodName, ...(node !== undefined && {node})};
    await createPod(cluster.controlPlane, spec, signal);
    const since = await nodeStartTimes(context.host, cluster.nodes, signal);
    const pod = await waitForPod(cluster.controlPlane, samplePodName, {signal, since});
    log(`Ready on ${pod.node} with ${pod.ips[0]}`);
  },
};

/** Never skipped: the proof is of the cluster as it is now. */
const kni: DemoTask = {
  id: 'verify/kni',
  title: 'Prove that KNI gave it its network',
  needs: [samplePod.id, programsId],
  async run(context, {signal, log}) {
    const {evidence, checks} = await waitForProof(await currentCluster(context), samplePodName, signal);
    log(knownLine(evidence) ?? '');
    for (const {claim, saw} of checks) log(`${claim}: ${saw}`);
  },
};

export const verify = {samplePod, kni} as const satisfies Record<string, DemoTask>;
