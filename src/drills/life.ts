/** The life of a pod's network: the kubelet asks KNI for it, containerd joins it, and its deletion leaves nothing behind. */

import {type Evidence, gatherEvidence, judge} from '../cluster/proof.ts';
import {linesMatching} from '../cluster/runtime-log.ts';
import {newTraces} from '../cluster/traces.ts';
import {seconds} from '../duration.ts';
import type {Drill, Scene, Source} from './drill.ts';
import {deletePods, settledTraces, startPod, tracesOf} from './pods.ts';
import {quotes} from './questions.ts';

/** Of the checks of the proof, in their order. */
const sources: readonly Source[] = ['log', 'API server', 'kernel', 'containerd', 'log'];

export const life: Drill = {
  name: 'life',
  shows: 'the kubelet gets the network of a pod from KNI, call by call',
  question: {asks: 'Which changes does KNI make, exactly?', quote: quotes.specific},
  async run(scene) {
    const {worker, flag, cluster, signal} = scene;
    const before = await tracesOf(scene);
    const pod = await scene.step(
      `Create a pod on ${worker}`,
      [`kni-demo pod create pod --node ${worker}${flag}`],
      async ({check, measure}) => {
        const begun = performance.now();
        const created = await startPod(scene, {name: 'pod'});
        const took = performance.now() - begun;
        measure('pod Ready after', took, 'ms');
        check('API server', 'it is Ready with an address', {
          holds: created.ready && created.ips.length > 0,
          saw: `${created.ips.join(', ')} after ${seconds(took)}`,
        });
        return created;
      },
    );

    const evidence = await scene.step(
      'Compare what four sources say about its network',
      [`kni-demo pod inspect pod${flag}`],
      async ({check, measure}) => {
        const found = await gatherEvidence(cluster, pod, signal);
        for (const [index, {claim, holds, saw}] of judge(found).entries())
          check(sources[index] ?? 'log', claim, {holds, saw});
        measure('AttachInterface', millisecondsOf(found, 'AttachInterface'), 'ms');
        return found;
      },
    );

    await scene.step('Delete it', [`kni-demo pod delete pod${flag}`], async ({check}) => {
      await deletePods(scene, 'pod');
      const left = newTraces(await settledTraces(scene, before), before);
      const released = await callsOf(scene, evidence, ['DetachInterface', 'DeleteNetwork']);
      check('log', 'the kubelet called DetachInterface and DeleteNetwork', {
        holds: released.length === 2,
        saw: released.join(', ') || 'neither of them',
      });
      check('kernel', 'nothing is left of its network', {
        holds: left.length === 0,
        saw: left.length === 0 ? 'no netns, link, address or rule' : left.join('; '),
      });
    });
  },
};

const millisecondsOf = ({lines}: Evidence, rpc: string): number =>
  lines.findLast((line) => line.rpc === rpc && line.level === 'info')?.ms ?? 0;

/** The successful calls for the sandbox, with their durations: `DetachInterface 40 ms`. */
const callsOf = async (
  {cluster, worker, signal}: Scene,
  {sandbox}: Evidence,
  rpcs: readonly string[],
): Promise<readonly string[]> => {
  const lines = await linesMatching(sandbox, cluster.node(worker), signal);
  return rpcs.flatMap((rpc) => {
    const line = lines.find((each) => each.rpc === rpc && each.sandbox === sandbox && each.level === 'info');
    return line === undefined ? [] : [`${rpc} ${line.ms ?? 0} ms`];
  });
};
