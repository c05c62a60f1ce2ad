/** The network runtime is killed again and again, then the kubelet and containerd restart. Packets and pods do not notice. */

import {setTimeout as sleep} from 'node:timers/promises';
import {haveReported} from '../cluster/readiness.ts';
import {waitUntil} from '../host/wait-until.ts';
import type {Drill, Scene} from './drill.ts';
import {startPing} from './ping.ts';
import {addressesOf, networkOf, readPod, startPod} from './pods.ts';
import {quotes} from './questions.ts';

const kills = 10;
/** Milliseconds from one kill to the next. */
const pause = 3_000;
/** Milliseconds. */
const longestGapAllowed = 1_000;

export const restart: Drill = {
  name: 'restart',
  shows: 'a network runtime that is killed 10 times costs no packet',
  question: {
    asks: 'What happens to running pods when the network runtime dies?',
    quote: quotes.daemon,
  },
  async run(scene) {
    const {worker, controlPlane, flag} = scene;
    const {pod, before, ip} = await scene.step(
      'Start two pods on two nodes',
      [
        `kni-demo pod create near --node ${worker}${flag}`,
        `kni-demo pod create far --node ${controlPlane}${flag}`,
      ],
      async ({check}) => {
        const [near, far] = await Promise.all([
          startPod(scene, {name: 'near'}),
          startPod(scene, {name: 'far', node: controlPlane}),
        ]);
        check('API server', 'both are Ready, on different nodes', {
          holds: near.ready && far.ready && near.node !== far.node,
          saw: `${near.ips[0]} and ${far.ips[0]}`,
        });
        return {pod: near, before: await networkOf(scene, near), ip: far.ips[0] ?? ''};
      },
    );

    await scene.step(
      `Kill the runtime of ${worker} ${kills} times in ${(kills * pause) / 1_000} s, under a ping each 100 ms`,
      [`docker exec ${worker} systemctl kill --kill-whom=main --signal=SIGKILL kni`],
      async ({check, measure}) => {
        const ping = await startPing(scene, 'near', ip);
        const pids = await killOften(scene);
        const {sent, lost, longestGap} = await ping.stop();
        check('systemd', `it started ${kills} new processes`, {
          holds: pids.size === kills + 1,
          saw: `main PIDs ${[...pids].join(' ')}`,
        });
        check('ping', 'no gap is longer than 1 s', {
          holds: longestGap <= longestGapAllowed,
          saw: `longest gap ${longestGap} ms, lost ${lost} of ${sent}`,
        });
        measure('longest gap', longestGap, 'ms');
        measure('lost', lost, 'packets');
      },
    );

    await scene.step(
      `Restart the kubelet and containerd of ${worker}`,
      [`docker exec ${worker} systemctl restart kubelet containerd`],
      async ({check, measure}) => {
        const ping = await startPing(scene, 'near', ip);
        const took = await restartBoth(scene);
        measure('kubelet back after', took, 'ms');
        const [now, network] = [await readPod(scene, 'near'), await networkOf(scene, pod)];
        check('API server', 'the pod was not started again', {
          holds: now?.uid === pod.uid && now.ready && now.startedAt === pod.startedAt,
          saw: `${now?.ready ? 'Ready' : 'not Ready'}, started ${new Date(now?.startedAt ?? 0).toISOString().slice(11, 19)} UTC`,
        });
        check('containerd', 'it has the same sandbox', {
          holds: network.sandbox === before.sandbox,
          saw: network.sandbox.slice(0, 12),
        });
        check('kernel', 'it has the same address', {
          holds: addressesOf(network).join() === addressesOf(before).join(),
          saw: `eth0 has ${addressesOf(network).join(', ')}`,
        });
        const {sent, lost, longestGap} = await ping.stop();
        check('ping', 'no gap is longer than 1 s', {
          holds: longestGap <= longestGapAllowed,
          saw: `longest gap ${longestGap} ms, lost ${lost} of ${sent}`,
        });
      },
    );
  },
};

/** Returns the runtime's main PIDs. */
const killOften = async ({cluster, worker, signal}: Scene): Promise<ReadonlySet<string>> => {
  const node = cluster.node(worker);
  const mainPid = async (): Promise<string> =>
    (await node.run(['systemctl', ['show', 'kni', '--value', '--property=MainPID']], {signal})).stdout.trim();
  const pids = new Set([await mainPid()]);
  for (let round = 0; round < kills; round++) {
    const killOnce = async (): Promise<void> => {
      await node.run(['systemctl', ['kill', '--kill-whom=main', '--signal=SIGKILL', 'kni']], {signal});
      const wait = {what: 'systemd to start the runtime again', every: 200, atMost: 20_000, signal};
      const pid = await waitUntil(wait, async () => {
        const now = await mainPid();
        return now === '0' || pids.has(now) ? undefined : now;
      });
      pids.add(pid);
    };
    await Promise.all([killOnce(), sleep(pause, undefined, {signal})]);
  }
  return pids;
};

/** Returns after how many milliseconds the kubelet has reported to the API server again. */
const restartBoth = async ({cluster, worker, signal}: Scene): Promise<number> => {
  const begun = performance.now();
  const since = Date.now();
  await cluster
    .node(worker)
    .run(['systemctl', ['restart', 'kubelet', 'containerd']], {signal, timeout: 60_000});
  const nodes = cluster.nodes.filter(({name}) => name === worker);
  await waitUntil(
    {what: `the kubelet of ${worker} to report again`, every: 200, atMost: 60_000, signal},
    async (polling) =>
      (await haveReported({controlPlane: cluster.controlPlane, nodes}, () => since, polling)) || undefined,
  );
  return performance.now() - begun;
};
