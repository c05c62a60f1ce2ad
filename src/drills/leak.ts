/** Many pods come and go, and leave nothing on their node. */

import {countTraces, newTraces} from '../cluster/traces.ts';
import type {Drill} from './drill.ts';
import {deletePods, forceDeletePods, settledTraces, startPods, tracesOf} from './pods.ts';
import {quotes} from './questions.ts';

const count = 20;
const firstPort = 28_410;

const names = Array.from({length: count}, (_, index) => `leak-${index + 1}`);
const gentle = names.slice(0, count / 2);
const forced = names.slice(count / 2);

export const leak: Drill = {
  name: 'leak',
  shows: `${count} pods are created and deleted, and leave nothing`,
  question: {
    asks: 'Does anything stay on a node when its pods are deleted?',
    quote: quotes.garbage,
  },
  async run(scene) {
    const {worker, flag} = scene;
    const look = [
      `docker exec ${worker} sh -c 'ls /run/netns; ip -o link; iptables-save -t nat'`,
      `docker exec ${worker} find /var/lib/kni/ipam -type f`,
    ];
    const before = await scene.step(`Count what pods have on ${worker}`, look, async ({check}) => {
      const traces = await tracesOf(scene);
      check('kernel', 'the netns, links and leases of other pods are counted', {
        holds: true,
        saw: countTraces(traces),
      });
      return traces;
    });

    await scene.step(
      `Create ${count} pods with a host port each`,
      [
        `kni-demo kubectl${flag} apply -f leak.yaml`,
        `# ${names[0]} to ${names.at(-1)} on ${worker}, with the host ports ${firstPort} to ${firstPort + count - 1}`,
      ],
      async ({check, measure}) => {
        const begun = performance.now();
        await startPods(
          scene,
          ...names.map((name, index) => ({
            name,
            container: {ports: [{containerPort: 80, hostPort: firstPort + index}]},
          })),
        );
        measure(`${count} pods Ready after`, performance.now() - begun, 'ms');
        const now = await tracesOf(scene);
        const added = (kind: keyof typeof now): number => now[kind].length - before[kind].length;
        const kinds = ['netns', 'links', 'addresses', 'records'] as const;
        check('kernel', `each pod added a netns, a link, an address, a record and rules`, {
          holds: kinds.every((kind) => added(kind) === count) && added('rules') >= count,
          saw: countTraces(now),
        });
      },
    );

    await scene.step(
      `Delete ${gentle.length} of them, and ${forced.length} by force`,
      [
        `kni-demo kubectl${flag} delete pod ${gentle[0]} …`,
        `kni-demo kubectl${flag} delete pod ${forced[0]} … --force --grace-period=0`,
        '# the API server forgets these pods before their networks are removed',
      ],
      async ({check, measure}) => {
        const begun = performance.now();
        await forceDeletePods(scene, ...forced);
        await deletePods(scene, ...gentle);
        const now = await settledTraces(scene, before, 30_000);
        measure(`${count} networks gone after`, performance.now() - begun, 'ms');
        const left = newTraces(now, before);
        check('kernel', 'nothing is left of them', {
          holds: left.length === 0,
          saw: left.length === 0 ? countTraces(now) : left.join('; '),
        });
      },
    );
  },
};
