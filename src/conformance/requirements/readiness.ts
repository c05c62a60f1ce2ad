/** Readiness of the node's networks. */

import {setTimeout as sleep} from 'node:timers/promises';
import type {Network} from '../../../runtime/src/gen/kni_pb.ts';
import {CallFailed, outcomeOf} from '../kni-client.ts';
import type {Probe} from '../probe.ts';
import type {Group} from '../requirement.ts';
import {expectThat, NotApplicable, Violation} from '../violation.ts';

/** Checks a runtime that knows no podCIDR of its node. NotApplicable if it is ready without one, or does not serve. */
const whileNotReady = (
  {onFreshNode}: Probe,
  check: (probe: Probe, network: Network) => Promise<void> | void,
): Promise<void> =>
  onFreshNode({podCidrs: undefined, isReady: false}, async (probe) => {
    const deadline = performance.now() + 10_000;
    for (;;) {
      const networks = await networksOf(probe);
      const first = networks.find(({ready}) => !ready);
      if (first) return check(probe, first);
      if (networks.some(({ready}) => ready)) throw new NotApplicable('it is ready without KNI_POD_CIDRS');
      if (performance.now() > deadline) throw new NotApplicable('it does not serve without KNI_POD_CIDRS');
      await sleep(100, undefined, {signal: probe.signal});
    }
  });

const networksOf = async ({kni}: Probe): Promise<readonly Network[]> => {
  try {
    return (await kni.queryNodeNetworks({})).networks;
  } catch (error) {
    // It has not started yet.
    if (error instanceof CallFailed && error.status === 'UNAVAILABLE') return [];
    throw error;
  }
};

export const readiness: Group = {
  letter: 'N',
  name: 'readiness',
  about: "readiness of the node's networks",
  requirements: [
    {
      id: 'KNI-N01',
      level: 'MUST',
      source: 'kni.proto: QueryNodeNetworks',
      title: 'reports at least one network',
      needs: 'socket',
      async run({kni}) {
        const {networks} = await kni.queryNodeNetworks({});
        expectThat(networks.length > 0, 'a network', 'the list is empty, so the node never becomes ready');
      },
    },
    {
      id: 'KNI-N02',
      level: 'MUST',
      source: 'kni.proto: Network.name',
      title: 'gives its networks different names',
      needs: 'socket',
      async run({kni}) {
        const names = (await kni.queryNodeNetworks({})).networks.map(({name}) => name);
        expectThat(!names.includes(''), 'a name for every network', 'a name is empty');
        expectThat(new Set(names).size === names.length, 'different names', `they are ${names.join(', ')}`);
      },
    },
    {
      id: 'KNI-N03',
      level: 'MUST',
      source: 'kni.proto: Network.ready',
      title: 'attaches pods while a network is ready',
      needs: 'socket',
      async run({kni, up, down}) {
        const {networks} = await kni.queryNodeNetworks({});
        if (!networks.some(({ready}) => ready)) throw new NotApplicable('no network is ready');
        await down(await up());
      },
    },
    {
      id: 'KNI-N04',
      level: 'MUST',
      source: 'kni.proto: Network.extradata "reason"',
      title: 'gives a reason of one word in CamelCase while a network is not ready',
      needs: 'process',
      run: (probe) =>
        whileNotReady(probe, (_, {extradata}) => {
          const reason = extradata['reason'] ?? '';
          expectThat(
            /^[A-Z][A-Za-z0-9]*$/.test(reason),
            'a reason such as PodCIDRUnknown',
            `it is ${JSON.stringify(reason)}`,
          );
        }),
    },
    {
      id: 'KNI-N05',
      level: 'MUST',
      source: 'kni.proto: Network.extradata "message"',
      title: 'gives a message while a network is not ready',
      needs: 'process',
      run: (probe) =>
        whileNotReady(probe, (_, {extradata}) => {
          expectThat((extradata['message'] ?? '').trim() !== '', 'a sentence in "message"', 'it is empty');
        }),
    },
    {
      id: 'KNI-N06',
      level: 'MUST',
      source: 'kni.proto: equal causes must have equal texts',
      title: 'gives the same reason and message as long as the cause is the same',
      needs: 'process',
      run: (probe) =>
        whileNotReady(probe, async (fresh) => {
          // Later than its start, which may have other causes.
          await sleep(1_000, undefined, {signal: fresh.signal});
          const texts = new Set<string>();
          for (let count = 0; count < 4; count++) {
            const [network] = await networksOf(fresh);
            if (network === undefined) throw new Violation('an answer', 'it does not answer any more');
            texts.add(`${network.extradata['reason']}: ${network.extradata['message']}`);
            await sleep(200, undefined, {signal: fresh.signal});
          }
          expectThat(texts.size === 1, 'one text', `there are ${texts.size}: ${[...texts].join('; ')}`);
        }),
    },
    {
      id: 'KNI-N07',
      level: 'MUST',
      source: 'kni.proto: Network.ready',
      title: 'answers within the deadlines while a network is not ready',
      needs: 'process',
      run: (probe) =>
        whileNotReady(probe, async ({pod, kni}) => {
          const {namespace, name, uid, sandbox: id} = pod();
          await outcomeOf(kni.createNetwork({namespace, name, uid}));
          await outcomeOf(kni.attachInterface({namespace, name, id}));
          await outcomeOf(kni.deleteNetwork({namespace, name}));
        }),
    },
    {
      id: 'KNI-N08',
      level: 'MUST',
      source: 'kni.proto: SetupNodeNetwork',
      title: 'accepts a repeated SetupNodeNetwork, and keeps its pods',
      needs: 'socket',
      async run({kni, up}) {
        const {pod} = await up();
        await kni.setupNodeNetwork({});
        await kni.setupNodeNetwork({});
        await kni.queryPodNetwork({id: pod.sandbox});
      },
    },
    {
      id: 'KNI-N09',
      level: 'MUST',
      source: 'kni.proto: equal causes must have equal texts',
      title: 'reports the same networks when nothing has changed',
      needs: 'socket',
      async run({kni}) {
        const read = async (): Promise<string> =>
          (await kni.queryNodeNetworks({})).networks
            .map(({name, ready}) => `${name} ${ready}`)
            .sort()
            .join(', ');
        const first = await read();
        for (let count = 0; count < 5; count++) {
          const next = await read();
          expectThat(next === first, first, `a later answer is ${next}`);
        }
      },
    },
  ],
};
