/** Restart: what survives SIGTERM, kill -9 and a restart of the node. */

import {ipsOf} from '../pods.ts';
import {eachOf, type Probe} from '../probe.ts';
import type {Group, Requirement} from '../requirement.ts';
import {runtimePaths} from '../runtime-process.ts';
import {leavesNothing} from '../snapshot.ts';
import {expectThat, Violation} from '../violation.ts';
import {expectDistinct} from './concurrency.ts';
import {expectUnchanged} from './delete.ts';

const restart = async ({runtime}: Probe): Promise<void> => {
  await runtime.stop();
  await runtime.start();
};

const killAndStart = async ({runtime}: Probe): Promise<void> => {
  await runtime.kill();
  await runtime.start();
};

const crash = {
  title: 'kill -9',
  source: 'CNI 1.1.0, section 3: the result is stored durably before ADD is reported as done',
};

const must = (id: string, source: string, title: string, run: Requirement['run']): Requirement => ({
  id,
  level: 'MUST',
  source,
  title,
  needs: 'process',
  run,
});

const idempotent = 'kni.proto: every call is idempotent';

export const restarts: Group = {
  letter: 'S',
  name: 'restart',
  about: 'restart: what survives SIGTERM, kill -9 and a restart of the node',
  requirements: [
    must('KNI-S01', crash.source, 'knows its pods after a restart', async (probe) => {
      const attached = await probe.up();
      await restart(probe);
      await expectUnchanged(probe, attached);
    }),
    must('KNI-S02', crash.source, 'knows its pods after kill -9', async (probe) => {
      const attached = await probe.up();
      await killAndStart(probe);
      await expectUnchanged(probe, attached);
    }),
    must(
      'KNI-S03',
      'kubelet: running pods keep their network when the runtime restarts',
      'does not change the interfaces of running pods when it restarts',
      async (probe) => {
        const {netns, ipconfigs} = await probe.up();
        const read = (): Promise<string> =>
          probe.node.runIn(netns, ['ip', ['-oneline', 'link', 'show', 'eth0']]);
        const before = await read();
        await restart(probe);
        // The index changes when an interface is replaced.
        const [index] = before.split(':');
        const after = await read().catch(() => 'missing');
        expectThat(
          after.startsWith(`${index}:`),
          `eth0 with index ${index}`,
          `afterwards it is ${after.trim()}`,
        );
        const addresses = await probe.node.runIn(netns, ['ip', ['address', 'show', 'eth0']]);
        for (const ip of ipconfigs['eth0']?.ip ?? [])
          expectThat(addresses.includes(ip), `${ip} on eth0`, 'it is missing after the restart');
      },
    ),
    must(
      'KNI-S04',
      idempotent,
      'returns the same netns for a repeated CreateNetwork after kill -9',
      async (probe) => {
        const pod = probe.pod();
        const first = await probe.create(pod);
        await killAndStart(probe);
        const second = await probe.create(pod);
        expectThat(first === second, `${first} again`, `the second answer is ${second}`);
      },
    ),
    must(
      'KNI-S05',
      idempotent,
      'returns the same addresses for a repeated AttachInterface after kill -9',
      async (probe) => {
        const first = await probe.up();
        await killAndStart(probe);
        const second = await probe.attach(first.pod, first.netns);
        expectThat(
          ipsOf(first).join() === ipsOf(second).join(),
          `${ipsOf(first).join(', ')} again`,
          `the second answer is ${ipsOf(second).join(', ') || 'without addresses'}`,
        );
      },
    ),
    must(
      'KNI-S06',
      'Kubernetes: every pod has its own address',
      'does not give the address of a pod to another pod after kill -9',
      async (probe) => {
        const pods = [await probe.up(), await probe.up()];
        await killAndStart(probe);
        for (let count = 0; count < 4; count++) pods.push(await probe.up());
        expectDistinct(pods);
      },
    ),
    must(
      'KNI-S07',
      'KEP-4410, goals: no resources are left behind after pod deletion',
      'deletes a network from before kill -9 and leaves nothing',
      (probe) =>
        leavesNothing(probe, ['netns', 'link', 'address', 'route'], async () => {
          const attached = await probe.up();
          await killAndStart(probe);
          await probe.down(attached);
        }),
    ),
    must('KNI-S08', idempotent, 'does not bring a deleted network back after kill -9', async (probe) => {
      const attached = await probe.up();
      await probe.down(attached);
      await killAndStart(probe);
      const seen = await probe.kni.queryPodNetwork({id: attached.pod.sandbox}).catch(() => undefined);
      expectThat(seen === undefined, 'QueryPodNetwork to answer an error', 'it has addresses again');
    }),
    must(
      'KNI-S09',
      'unix(7): a socket stays in the file system',
      'starts although kill -9 left its socket',
      async ({runtime, kni}) => {
        await runtime.kill();
        await runtime.start();
        await kni.queryNodeNetworks({});
      },
    ),
    {
      id: 'KNI-S10',
      level: 'SHOULD',
      source: 'systemd: a service ends after SIGTERM',
      title: 'ends within 10 s of SIGTERM with exit code 0',
      needs: 'process',
      async run({runtime}) {
        const {exitCode, took} = await runtime.stop();
        expectThat(
          exitCode === 0,
          'exit code 0',
          exitCode === undefined ? 'a signal ended it' : `it is ${exitCode}`,
        );
        expectThat(took < 10_000, 'an end within 10 s', `it took ${Math.round(took / 1000)} s`);
      },
    },
    {
      id: 'KNI-S11',
      level: 'SHOULD',
      source: 'kubelet: the node becomes not ready after 20 s without a network runtime',
      title: 'is ready within 20 s of its start, with pods',
      needs: 'process',
      async run(probe) {
        await eachOf(Array.from({length: 8}), 4, async () => void (await probe.up()));
        await probe.runtime.kill();
        const begun = performance.now();
        await probe.runtime.start();
        const took = performance.now() - begun;
        expectThat(took < 20_000, 'a ready network within 20 s', `it took ${Math.round(took / 1000)} s`);
      },
    },
    {
      id: 'KNI-S12',
      level: 'SHOULD',
      source: 'kni.proto: the network runtime on a node',
      title: 'is not replaced by a second instance of itself',
      needs: 'process',
      async run(probe) {
        const attached = await probe.up();
        const {ino} = await socketOf(probe);
        await probe.runtime.startSecond(3_000);
        expectThat(
          (await socketOf(probe)).ino === ino,
          'the same socket',
          'the second instance has replaced it',
        );
        await expectUnchanged(probe, attached);
      },
    },
    must(
      'KNI-S13',
      'CNI 1.1.0, DEL: completes without error if resources are missing',
      'deletes the networks from before a restart of the node, and creates new ones',
      async (probe) => {
        const old = await probe.up();
        await probe.runtime.kill();
        await rebootNode(probe);
        await probe.runtime.start();
        await probe.down(old);
        const {namespace, name, uid} = old.pod;
        await probe.down(await probe.up(probe.pod({namespace, name, uid, attempt: '1'})));
      },
    ),
    must(
      'KNI-S14',
      'kni.proto: QueryPodNetwork',
      'does not report addresses of a network that a restart of the node destroyed, unless it recreates that network',
      async (probe) => {
        const old = await probe.up();
        await probe.runtime.kill();
        await rebootNode(probe);
        await probe.runtime.start();
        const seen = await probe.kni.queryPodNetwork({id: old.pod.sandbox}).catch(() => undefined);
        if (seen === undefined) return;
        await probe.node.runIn(old.netns, ['ip', ['link', 'show', 'eth0']]).catch((): never => {
          throw new Violation(
            'an error, because the netns is gone',
            `it has ${ipsOf({ipconfigs: seen.ipconfigs}).join()}`,
          );
        });
      },
    ),
    {
      id: 'KNI-S15',
      level: 'SHOULD',
      source: 'kubelet: it retries calls that fail with UNAVAILABLE',
      title: 'completes or undoes calls that are in progress at SIGTERM',
      needs: 'process',
      run: (probe) =>
        leavesNothing(probe, ['netns', 'link', 'address', 'route'], async () => {
          const pods = Array.from({length: 4}, () => probe.pod());
          const netns = await Promise.all(pods.map((pod) => probe.create(pod)));
          const calls = pods.map((pod, index) =>
            probe.attach(pod, netns[index] ?? '').catch(() => undefined),
          );
          await probe.runtime.stop();
          await Promise.all(calls);
          await probe.runtime.start();
          for (const [index, pod] of pods.entries()) {
            const again = await probe.attach(pod, netns[index] ?? '');
            await probe.down(again);
          }
        }),
    },
  ],
};

const socketOf = async ({node}: Probe): Promise<{readonly ino: string}> => ({
  ino: (await node.run(['stat', ['--format=%i', runtimePaths.socket]])).trim(),
});

/** After a restart of a node its file systems in memory are empty, and all its links have gone. */
const rebootNode = async ({node}: Probe): Promise<void> => {
  const script = [
    `for path in ${runtimePaths.netns}/*; do umount --lazy "$path" 2>/dev/null; rm -f "$path"; done`,
    `rm -rf /run/kni`,
    // Removes bridges and leftovers of pods, but not the uplink.
    `for link in $(ip -oneline link | sed -n 's/^[0-9]*: \\([^:@]*\\).*/\\1/p'); do case $link in lo|eth0) ;; *) ip link delete "$link" 2>/dev/null;; esac; done`,
    'true',
  ];
  await node.run(['sh', ['-c', script.join('; ')]]);
};
