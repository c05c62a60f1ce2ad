/** Rollback and leaks. */

import {readdirSync} from 'node:fs';
import {CallFailed, outcomeOf} from '../kni-client.ts';
import {type Attached, identityOf} from '../pods.ts';
import type {Probe} from '../probe.ts';
import type {Group, Requirement} from '../requirement.ts';
import {runtimePaths} from '../runtime-process.ts';
import {type Kind, leavesNothing} from '../snapshot.ts';
import {expectThat, NotApplicable, Violation} from '../violation.ts';
import {expectAddresses} from './concurrency.ts';

/** Creates and deletes a pod with a host port, and expects no leftovers of this kind. */
const leavesNo = (id: string, of: Kind, title: string): Requirement => ({
  id,
  level: 'MUST',
  source: 'KEP-4410, goals: no resources are left behind after pod deletion',
  title,
  needs: 'node',
  async run(probe) {
    const hostPort = 18_000 + Number(id.slice(-2));
    const portMappings = [{containerPort: 80, hostPort}];
    await leavesNothing(probe, [of], async () => probe.down(await probe.up(probe.pod(), {portMappings})));
  },
});

/** Throws Violation if a count grows with each pod: `count` before and after 10 pods. */
const doesNotGrow = async (probe: Probe, what: string, count: () => number): Promise<void> => {
  const cycles = async (): Promise<void> => {
    for (let round = 0; round < 10; round++) await probe.down(await probe.up());
  };
  await cycles();
  const before = count();
  await cycles();
  let after = count();
  // Programs that the last pod needed may end a moment later.
  for (let tries = 0; tries < 20 && after >= before + 5; tries++) {
    await probe.node.run(['sleep', ['0.1']]);
    after = count();
  }
  expectThat(after < before + 5, `about ${before} ${what} after 10 more pods`, `there are ${after}`);
};

const stateFiles = async ({node}: Probe): Promise<ReadonlySet<string>> =>
  new Set(
    (await node.run(['sh', ['-c', `find ${runtimePaths.state} -type f 2>/dev/null || true`]]))
      .split('\n')
      .filter(Boolean),
  );

const failsToAttach = async (call: Promise<Attached>, why: string): Promise<void> => {
  const outcome = await outcomeOf(call);
  expectThat(outcome !== 'OK', `an error, because ${why}`, 'the call succeeded');
};

/** At most 5 addresses for pods, fewer if the node itself needs some. */
const tinyPodCidr = '10.98.0.0/29';

/** Attaches pods until that fails. */
const exhaust = async (probe: Probe): Promise<readonly Attached[]> => {
  const pods: Attached[] = [];
  for (let count = 0; count < 10; count++) {
    const pod = probe.pod();
    const netns = await probe.create(pod);
    try {
      pods.push(await probe.attach(pod, netns));
    } catch (error) {
      if (!(error instanceof CallFailed) || error.isLate) throw error;
      await probe.down({pod, netns});
      return pods;
    }
  }
  throw new NotApplicable(`its address pool is larger than ${tinyPodCidr}`);
};

export const leaks: Group = {
  letter: 'L',
  name: 'leaks',
  about: 'rollback and leaks: the node before and after',
  requirements: [
    leavesNo('KNI-L01', 'netns', 'leaves no netns and no mount of a deleted pod'),
    leavesNo('KNI-L02', 'link', 'leaves no network interface of a deleted pod on the node'),
    leavesNo('KNI-L03', 'address', 'leaves no address of a deleted pod on the node'),
    leavesNo('KNI-L04', 'route', 'leaves no route to a deleted pod on the node'),
    leavesNo('KNI-L05', 'rule', 'leaves no iptables or nftables rule of a deleted pod on the node'),
    {
      id: 'KNI-L06',
      level: 'MUST',
      source: 'KEP-4410, goals: no resources are left behind after pod deletion',
      title: 'leaves no process of a deleted pod',
      needs: 'node',
      run: (probe) => doesNotGrow(probe, 'processes', () => probe.node.processes().length),
    },
    {
      id: 'KNI-L07',
      level: 'MUST',
      source: 'KEP-4410, goals: no resources are left behind after pod deletion',
      title: 'leaves no open file descriptor of a deleted pod',
      needs: 'process',
      run: (probe) =>
        doesNotGrow(probe, 'descriptors', () => readdirSync(`/proc/${probe.runtime.pid()}/fd`).length),
    },
    {
      id: 'KNI-L08',
      level: 'SHOULD',
      source: 'KEP-4410, goals: no resources are left behind after pod deletion',
      title: 'leaves no file of a deleted pod in KNI_STATE_DIR',
      needs: 'node',
      async run(probe) {
        await probe.down(await probe.up());
        const before = await stateFiles(probe);
        for (let round = 0; round < 3; round++) await probe.down(await probe.up());
        const after = [...(await stateFiles(probe))].filter((file) => !before.has(file));
        // One new file may be a new segment of a journal.
        expectThat(after.length < 3, 'no file for each pod', `there are ${after.join(', ')}`);
      },
    },
    {
      id: 'KNI-L09',
      level: 'MUST',
      source: 'kni.proto: before AttachInterface returns an error, it undoes its changes',
      title: 'undoes its changes when AttachInterface finds that the netns is gone',
      needs: 'node',
      async run(probe) {
        await leavesNothing(probe, ['netns', 'link', 'address', 'route'], async () => {
          const pod = probe.pod();
          const netns = await probe.create(pod);
          await probe.node.run(['sh', ['-c', 'umount --lazy "$1" && rm "$1"', 'sh', netns]]);
          await failsToAttach(probe.attach(pod, netns), 'the netns was removed');
          await probe.down({pod, netns});
        });
      },
    },
    {
      id: 'KNI-L10',
      level: 'MUST',
      source: 'kni.proto: before AttachInterface returns an error, it undoes its changes',
      title: 'undoes its changes when the netns has an eth0 already, and attaches when it is gone',
      needs: 'node',
      async run(probe) {
        await leavesNothing(probe, ['netns', 'link', 'address', 'route'], async () => {
          const pod = probe.pod();
          const netns = await probe.create(pod);
          // Both ends are in the netns.
          await probe.node.runIn(netns, [
            'ip',
            ['link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'other'],
          ]);
          if ((await outcomeOf(probe.attach(pod, netns))) === 'OK') {
            await probe.down({pod, netns});
            throw new NotApplicable('it attaches pods in spite of a foreign eth0');
          }
          await probe.node.runIn(netns, ['ip', ['link', 'delete', 'eth0']]).catch(() => undefined);
          await probe.down(await probe.attach(pod, netns));
        });
      },
    },
    {
      id: 'KNI-L11',
      level: 'MUST',
      source: 'kni.proto: every call is idempotent',
      title: 'can create and attach the same pod again after a failed AttachInterface',
      needs: 'node',
      async run(probe) {
        const pod = probe.pod();
        const netns = await probe.create(pod);
        await probe.node.run(['sh', ['-c', 'umount --lazy "$1" && rm "$1"', 'sh', netns]]);
        await failsToAttach(probe.attach(pod, netns), 'the netns was removed');
        await probe.kni.deleteNetwork({...identityOf(pod), netnsPath: netns});
        await probe.down(await probe.up(pod));
      },
    },
    {
      id: 'KNI-L12',
      level: 'MUST',
      source: 'kni.proto: AttachInterface',
      title: 'answers an error when no address is left, and attaches again after one was released',
      needs: 'process',
      async run({onFreshNode}) {
        await onFreshNode({podCidrs: tinyPodCidr}, async (probe) => {
          const pods = await exhaust(probe);
          const [first] = pods;
          expectThat(
            first !== undefined,
            `a pod with an address of ${tinyPodCidr}`,
            'not even one was attached',
          );
          await probe.down(first);
          await probe.up().catch((error: unknown): never => {
            if (!(error instanceof CallFailed)) throw error;
            throw new Violation('the released address to be free again', error.message);
          });
        });
      },
    },
    {
      id: 'KNI-L13',
      level: 'MUST',
      source: 'KEP-4410, goals: running pods are not evicted when addresses run out',
      title: 'keeps running pods attached when no address is left',
      needs: 'process',
      async run({onFreshNode}) {
        await onFreshNode({podCidrs: tinyPodCidr}, async (probe) => {
          const pods = await exhaust(probe);
          await expectAddresses(probe, pods);
          const {networks} = await probe.kni.queryNodeNetworks({});
          for (const {name, ready, extradata} of networks)
            expectThat(
              ready || extradata['running_pods'] === 'unaffected',
              `network ${name} to be ready, or to have running_pods "unaffected"`,
              'kubelets would evict the running pods',
            );
        });
      },
    },
    {
      id: 'KNI-L14',
      level: 'SHOULD',
      source: 'KEP-4410, goals: no more pods are scheduled when addresses run out',
      title: 'reports a network that is not ready when no address is left',
      needs: 'process',
      async run({onFreshNode}) {
        await onFreshNode({podCidrs: tinyPodCidr}, async (probe) => {
          await exhaust(probe);
          // Some runtimes count their addresses only now and then.
          const deadline = performance.now() + 10_000;
          for (;;) {
            const {networks} = await probe.kni.queryNodeNetworks({});
            if (networks.some(({ready}) => !ready)) return;
            expectThat(
              performance.now() < deadline,
              'a network with ready false within 10 s',
              'all are ready',
            );
            await probe.node.run(['sleep', ['0.2']]);
          }
        });
      },
    },
  ],
};
