/** Proves that the sample pod got its network over KNI. Always runs, because the cluster may have changed. */

import {samplePodName} from '../../cluster/names.ts';
import {proofLines, runtimeLine} from '../../cluster/proof.ts';
import {waitForProof} from '../../cluster/prove-kni.ts';
import type {Stack} from '../../stacks/schema.ts';
import type {DemoTask} from '../context.ts';
import {currentCluster} from '../lib/current-cluster.ts';
import {dns} from '../setup/dns.ts';
import {programsId} from '../setup/programs.ts';
import {samplePod} from './sample-pod.ts';

/** On stacks without CoreDNS, the proof resolves a name. */
export const proveSamplePodOn = ({coredns}: Stack['features']): DemoTask =>
  coredns ? proveSamplePod : {...proveSamplePod, needs: [...proveSamplePod.needs, dns.id]};

export const proveSamplePod: DemoTask = {
  id: 'verify/kni',
  title: `Prove that ${samplePodName} got its network over KNI`,
  needs: [samplePod.id, programsId],
  async run(context, {signal, log}) {
    const cluster = await currentCluster(context);
    const byName = !context.stack.features.coredns;
    const {evidence, checks} = await waitForProof(cluster, samplePodName, signal, {byName});
    log(runtimeLine(evidence));
    for (const line of proofLines(checks)) log(line);
  },
};
