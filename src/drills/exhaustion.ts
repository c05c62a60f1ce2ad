/** A network runs out of addresses: the next pod waits and says why, the others run on, and a freed address is used again. */

import {nodeReadiness} from '../cluster/readiness.ts';
import type {Drill, Scene} from './drill.ts';
import {addressAt, defineNetwork, network, selection} from './network.ts';
import {
  addressesOf,
  applyPods,
  deletePods,
  eventWith,
  networkOf,
  podReady,
  readPod,
  startPods,
} from './pods.ts';
import {quotes} from './questions.ts';

const size = 3;
const range = `${addressAt(2)}-${addressAt(1 + size)}`;
const [first = '', ...others] = Array.from({length: size}, (_, index) => `fits-${index + 1}`);

export const exhaustion: Drill = {
  name: 'exhaustion',
  shows: 'without a free address new pods wait, and others run on',
  ownNetwork: true,
  question: {
    asks: 'What happens when a network has no address left?',
    quote: quotes.exhaustion,
  },
  async run(scene) {
    const {worker, flag, cluster, signal} = scene;
    const before = await scene.step(
      `Fill a network of ${size} addresses with ${size} pods`,
      [
        `kni-demo kubectl${flag} apply -f network.yaml`,
        `# its range is ${range}`,
        `kni-demo pod create fits --replicas ${size} --network ${network}${flag}`,
      ],
      async ({check}) => {
        await defineNetwork(scene, {addresses: size});
        await startPods(scene, ...[first, ...others].map((name) => ({name, annotations: selection})));
        const pods = await identities(scene, [first, ...others]);
        const used = pods.map(({net1}) => net1).sort();
        check('kernel', 'the pods have all addresses of the network', {
          holds: used.join() === [2, 3, 4].map((last) => `${addressAt(last)}/24`).join(),
          saw: `net1 has ${used.join(', ')}`,
        });
        return pods;
      },
    );

    await scene.step(
      'Create one more pod',
      [`kni-demo pod create waits --network ${network}${flag}`],
      async ({check}) => {
        await applyPods(scene, {name: 'waits', annotations: selection});
        const {message} = await eventWith(scene, 'waits', range);
        check('API server', 'it waits, and its event names the range that is full', {
          holds: (await readPod(scene, 'waits'))?.ready === false,
          saw: message.replace(/^.*?: (?=no IP)/, ''),
        });
        const node = (await nodeReadiness(cluster.controlPlane, signal)).find(({name}) => name === worker);
        check('API server', 'the node stays Ready: nothing is evicted, but more pods may be scheduled', {
          holds: node?.ready === true,
          saw: `Ready=${node?.ready === true ? 'True' : 'False'}`,
        });
        const now = await identities(scene, [first, ...others]);
        check('containerd', 'the other pods have the same sandboxes and addresses', {
          holds: JSON.stringify(now) === JSON.stringify(before),
          saw: now.map(({name, sandbox}) => `${name} ${sandbox.slice(0, 8)}`).join(', '),
        });
      },
    );

    await scene.step(
      'Delete one of the pods',
      [`kni-demo kubectl${flag} delete pod ${first}`],
      async ({check, measure}) => {
        await deletePods(scene, first);
        const begun = performance.now();
        await podReady(scene, 'waits');
        measure('waiting pod Ready after', performance.now() - begun, 'ms');
        const [successor] = await identities(scene, ['waits']);
        check('kernel', 'the waiting pod has the address that became free', {
          holds: successor?.net1 === before[0]?.net1,
          saw: `net1 has ${successor?.net1}, as ${first} had`,
        });
        const staying = await identities(scene, others);
        check('containerd', 'the others still have the same sandboxes and addresses', {
          holds: JSON.stringify(staying) === JSON.stringify(before.slice(1)),
          saw: staying.map(({name, net1}) => `${name} ${net1}`).join(', '),
        });
      },
    );
  },
};

/** The properties that must not change while a pod lives. */
const identities = (scene: Scene, names: readonly string[]) =>
  Promise.all(
    names.map(async (name) => {
      const pod = await readPod(scene, name);
      if (pod === undefined) throw new Error(`pod ${name} is gone`);
      const found = await networkOf(scene, pod);
      return {name, uid: pod.uid, sandbox: found.sandbox, net1: addressesOf(found, 'net1').join(' ')};
    }),
  );
