/** A stopped network runtime makes its node NotReady, with its own reason, and pods keep their network. */

import {stopService} from '../changes/make.ts';
import {type NodeReadiness, nodeReadiness} from '../cluster/readiness.ts';
import {seconds} from '../duration.ts';
import {waitUntil} from '../host/wait-until.ts';
import type {Drill, Scene} from './drill.ts';
import {startPing} from './ping.ts';
import {addressesOf, networkOf, readPod, startPod} from './pods.ts';
import {quotes} from './questions.ts';

/** The worker starts its runtime itself after this time, in seconds: before the cluster evicts its pods. */
const startAfter = 120;

export const readiness: Drill = {
  name: 'readiness',
  shows: 'without its network runtime a node is NotReady, and says why',
  question: {
    asks: 'Who says that the network of a node is ready: a file, or the network itself?',
    quote: quotes.readiness,
  },
  async run(scene) {
    const {worker, controlPlane, cluster, signal, flag} = scene;
    const node = cluster.node(worker);
    const listFiles = async () =>
      (
        await node.run(['sh', ['-c', 'ls -d /etc/kni/net.d/* /etc/cni/net.d/* 2>/dev/null || true']], {
          signal,
        })
      ).stdout.trim();

    const {pod, before, ping} = await scene.step(
      'Start two pods on two nodes; one pings the other',
      ['near', 'far'].map(
        (name) => `kni-demo pod create ${name} --node ${name === 'near' ? worker : controlPlane}${flag}`,
      ),
      async ({check}) => {
        const [near, far] = await Promise.all([
          startPod(scene, {name: 'near'}),
          startPod(scene, {name: 'far', node: controlPlane}),
        ]);
        const network = await networkOf(scene, near);
        check('kernel', 'the pod on the worker has its address', {
          holds: addressesOf(network).some((each) => each.startsWith(`${near.ips[0]}/`)),
          saw: `eth0 has ${addressesOf(network).join(', ')}`,
        });
        return {pod: near, before: network, ping: await startPing(scene, 'near', far.ips[0] ?? '')};
      },
    );
    const files = await listFiles();

    const stopped = await scene.step(
      `Stop the network runtime of ${worker}, and wait for the kubelet`,
      [`docker exec ${worker} systemctl stop kni`],
      async ({check, measure}) => {
        const begun = performance.now();
        const change = await stopService(scene.changes, {node: worker, unit: 'kni', startAfter, signal});
        const {message} = await readinessOf(scene, false);
        measure('NotReady after', performance.now() - begun, 'ms');
        check('API server', 'after 20 s of silence the node is NotReady, with the reason of KNI', {
          holds: message.includes('KNI network runtime is not reachable'),
          saw: message,
        });
        const now = await listFiles();
        check('files', 'no file told it: the network configuration is where it was', {
          holds: now === files && now !== '',
          saw: `the node still has ${now.split('\n').join(', ')}`,
        });
        const network = await networkOf(scene, pod);
        check('kernel', 'the pod keeps its address while no runtime runs', {
          holds: addressesOf(network).join() === addressesOf(before).join(),
          saw: `eth0 has ${addressesOf(network).join(', ')}`,
        });
        return change;
      },
    );

    await scene.step(
      'Start it again',
      [`docker exec ${worker} systemctl start kni`],
      async ({check, measure}) => {
        const begun = performance.now();
        await scene.changes.undo(stopped);
        const {ready} = await readinessOf(scene, true);
        const took = performance.now() - begun;
        measure('Ready again after', took, 'ms');
        check('API server', 'the node is Ready again', {
          holds: ready,
          saw: `Ready=True after ${seconds(took)}`,
        });
      },
    );

    await scene.step(
      'Compare the pod with before',
      [`kni-demo pod inspect near${flag}`],
      async ({check, measure}) => {
        const [now, network] = [await readPod(scene, 'near'), await networkOf(scene, pod)];
        check('API server', 'it is the same pod with the same address', {
          holds: now?.uid === pod.uid && now.ips.join() === pod.ips.join() && now.startedAt === pod.startedAt,
          saw: `${now?.ips.join(', ')}, started ${now?.startedAt === pod.startedAt ? 'once' : 'again'}`,
        });
        check('containerd', 'it has the same sandbox', {
          holds: network.sandbox === before.sandbox,
          saw: network.sandbox.slice(0, 12),
        });
        const {sent, lost} = await ping.stop();
        measure('lost', lost, 'packets');
        check('ping', 'no packet between the nodes is lost', {
          holds: lost === 0 && sent > 0,
          saw: `lost ${lost} of ${sent}`,
        });
      },
    );
  },
};

/** Waits until the worker's condition Ready is `wanted`. */
const readinessOf = ({cluster, worker, signal}: Scene, wanted: boolean): Promise<NodeReadiness> =>
  waitUntil(
    {what: `node ${worker} to be ${wanted ? 'Ready' : 'NotReady'}`, every: 100, atMost: 60_000, signal},
    async (polling) =>
      (await nodeReadiness(cluster.controlPlane, polling)).find(
        ({name, ready}) => name === worker && ready === wanted,
      ),
  );
