/** The last plugin of a network fails: the changes of earlier plugins are rolled back, the kubelet retries, and nothing piles up. */

import {setTimeout as sleep} from 'node:timers/promises';
import {newTraces, type Traces} from '../cluster/traces.ts';
import {DeadlineExceeded, waitUntil} from '../host/wait-until.ts';
import {sandboxesOfPod} from '../tools/ctr.ts';
import type {Drill, Scene} from './drill.ts';
import {defineNetwork, network, selection} from './network.ts';
import {addressesOf, applyPods, eventsOf, eventWith, networkOf, podReady, readPod, tracesOf} from './pods.ts';
import {quotes} from './questions.ts';

/** The kernel has no such setting, so ADD fails. DEL ignores it. */
const setting = 'net.ipv4.kni_drill';
const failing = {type: 'tuning', sysctl: {[setting]: '1'}};

/** Milliseconds: two attempts of the kubelet, which retries every 10 to 15 s. */
const watchTime = 18_000;

export const failedAdd: Drill = {
  name: 'failed-add',
  shows: 'a failed ADD is undone and retried, and its event says why',
  ownNetwork: true,
  question: {
    asks: 'A plugin fails: who finds out, and what does it leave behind?',
    quote: quotes.troubleshooting,
  },
  async run(scene) {
    const {worker, flag} = scene;
    const before = await tracesOf(scene);

    await scene.step(
      'Create a pod on a network whose last plugin fails',
      [
        `kni-demo kubectl${flag} apply -f network.yaml`,
        `# its plugins: bridge, then tuning with the unknown sysctl ${setting}`,
        `kni-demo pod create pod --network ${network}${flag}`,
      ],
      async ({check}) => {
        await defineNetwork(scene, {addresses: 8, more: [failing]});
        await applyPods(scene, {name: 'pod', annotations: selection});
        const {message, reason} = await eventWith(scene, 'pod', 'kni_drill');
        check('API server', "the pod's event names the plugin and the cause", {
          holds: /tuning/.test(message),
          saw: `${reason}: ${message}`,
        });
      },
    );

    await scene.step(
      `Watch the retries for ${watchTime / 1_000} s`,
      [
        `docker exec ${worker} sh -c 'ls /run/netns; ls /var/lib/kni/ipam/*; ip -o link'`,
        `kni-demo kubectl${flag} get events`,
      ],
      async ({check, measure}) => {
        const most = await watchGrowth(scene, before);
        const left = await leftAfterAttempt(scene, before);
        check('kernel', 'each attempt is undone: no link, address or rule stays', {
          holds: left.length === 0,
          saw: left.length === 0 ? '0 links, 0 addresses, 0 rules more than before' : left.join('; '),
        });
        check('kernel', 'retries never pile up: at most one netns, one sandbox, one lease a network', {
          holds: most.netns <= 1 && most.sandboxes <= 1 && most.addresses <= 2,
          saw: `at most ${most.netns} netns, ${most.sandboxes} sandboxes, ${most.addresses} leases`,
        });
        const attempts = await attemptsOf(scene);
        measure('failed', attempts, 'attempts');
        check('API server', 'the kubelet retries', {
          holds: attempts >= 2,
          saw: `${attempts} failed attempts`,
        });
      },
    );

    await scene.step(
      'Correct the network, without touching the pod',
      [`kni-demo kubectl${flag} apply -f network.yaml`, '# without tuning'],
      async ({check, measure}) => {
        const uid = (await readPod(scene, 'pod'))?.uid;
        await defineNetwork(scene, {addresses: 8});
        const begun = performance.now();
        const pod = await podReady(scene, 'pod');
        measure('Ready after the correction', performance.now() - begun, 'ms');
        const found = await networkOf(scene, pod);
        check('kernel', 'the next attempt succeeds: the same pod has both addresses', {
          holds: pod.uid === uid && addressesOf(found).length > 0 && addressesOf(found, 'net1').length === 1,
          saw: `eth0 ${addressesOf(found).join(', ')}, net1 ${addressesOf(found, 'net1').join(', ')}`,
        });
      },
    );
  },
};

/** Links, addresses and rules that stay between two attempts. An attempt in progress may have some. */
const leftAfterAttempt = async (scene: Scene, before: Traces): Promise<readonly string[]> => {
  let left: readonly string[] = [];
  const wait = {what: 'an attempt to be undone', every: 300, atMost: 20_000, signal: scene.signal};
  await waitUntil(wait, async () => {
    left = newTraces(await tracesOf(scene), before).filter((trace) => /^(links|addresses|rules)/.test(trace));
    return left.length === 0 || undefined;
  }).catch((error: unknown) => {
    if (!(error instanceof DeadlineExceeded)) throw error;
  });
  return left;
};

/** The most that the worker had more than before at one time. */
const watchGrowth = async (scene: Scene, before: Traces) => {
  const most = {netns: 0, addresses: 0, sandboxes: 0};
  const uid = (await readPod(scene, 'pod'))?.uid ?? '';
  const {cluster, worker, signal} = scene;
  for (const end = performance.now() + watchTime; performance.now() < end; ) {
    const [now, {stdout}] = await Promise.all([
      tracesOf(scene),
      cluster.node(worker).run(sandboxesOfPod(uid), {signal}),
    ]);
    const added = newTraces(now, before);
    const count = (kind: string): number => added.filter((trace) => trace.startsWith(kind)).length;
    most.netns = Math.max(most.netns, count('netns'));
    most.addresses = Math.max(most.addresses, count('addresses'));
    most.sandboxes = Math.max(most.sandboxes, stdout.split('\n').filter(Boolean).length);
    await sleep(500, undefined, {signal});
  }
  return most;
};

const attemptsOf = async (scene: Scene): Promise<number> =>
  (await eventsOf(scene, 'pod'))
    .filter(({reason}) => reason === 'FailedCreatePodSandBox')
    .reduce((sum, {count}) => sum + count, 0);
