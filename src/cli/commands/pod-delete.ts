/** pod delete: deletes pods, and waits until they are gone. */

import {requireCluster, requireRunning} from '../../cluster/cluster.ts';
import {noSuchPod} from '../../cluster/placed-pod.ts';
import {findPod, type Pod} from '../../cluster/pod.ts';
import {seconds} from '../../duration.ts';
import {waitUntil} from '../../host/wait-until.ts';
import {kubectl} from '../../tools/kubectl.ts';
import {hostAndDirs} from '../context.ts';
import {restoreFirst} from '../interrupted.ts';
import {runOutput} from '../run-output.ts';
import type {World} from '../world.ts';

export interface PodDeleteOptions {
  readonly name: string;
  readonly json?: boolean;
}

/** Throws UserError before it deletes anything when one of the pods does not exist. */
export const podDelete = async (
  world: World,
  names: readonly string[],
  {name, json}: PodDeleteOptions,
): Promise<void> => {
  const {signal} = world;
  const {say, record} = runOutput(world, json);
  const cluster = await requireCluster(hostAndDirs(world), name, signal);
  requireRunning(
    name,
    cluster.nodes.filter(({role}) => role === 'control-plane'),
  );
  if (cluster.nodes.every(({running}) => running)) await restoreFirst(world, name, 'kni-demo pod delete');
  const {controlPlane} = cluster;
  const begun = performance.now();
  const pods: Pod[] = [];
  for (const each of new Set(names)) {
    const path = each.includes('/') ? each : `default/${each}`;
    const pod = await findPod(controlPlane, path, signal);
    if (pod === undefined) throw await noSuchPod(cluster, path, signal);
    pods.push(pod);
  }
  for (const {namespace, name: pod} of pods)
    await controlPlane.run(kubectl('delete', 'pod', '-n', namespace, pod, '--wait=false'), {signal});
  for (const {namespace, name: pod, uid} of pods) {
    const path = `${namespace}/${pod}`;
    // A controller may create a new pod with the same name.
    await waitUntil(
      {what: `pod ${path} to be gone`, every: 250, atMost: 180_000, signal},
      async (polling) => (await findPod(controlPlane, path, polling))?.uid !== uid || undefined,
    );
    say(`pod ${path.replace(/^default\//, '')} is deleted. ${seconds(performance.now() - begun)}`);
  }
  record('result', {
    command: 'pod delete',
    exitCode: 0,
    cluster: name,
    pods: pods.map(({namespace, name: pod}) => `${namespace}/${pod}`),
  });
};
