/** A user's network runtime is used, rolled back, developed and removed. Pods are never deleted, and no leftovers stay. */

import {beforeAll, describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {cluster, controlPlane, named, shell, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {kniDemo} from '../../rig/cluster/kni-demo.ts';
import {programOnWorker, sampleUid, useDefault, useOwnRuntime} from '../../rig/cluster/own-runtime.ts';
import {podIp, podReady, podSubnet, sample} from '../../rig/cluster/pods.ts';
import {networksOfPods} from '../../rig/cluster/traces.ts';
import {until} from '../../rig/wait.ts';

useCluster();

/** Rules, links and routes by number, because their names differ; and all files of a user's runtime. */
const traces = async (): Promise<readonly string[]> =>
  Promise.all(
    [worker, controlPlane].map((node) =>
      shell(
        node,
        `iptables-save | grep '^-A' | grep -vc KUBE-; ip -o link | wc -l; ip route | wc -l
         nft list tables | wc -l; ls /run/netns | wc -l
         ls -d /opt/kni/user-runtime /var/lib/kni-runtime 2>/dev/null || true
         ls /etc/systemd/system/kni.service.d 2>/dev/null || true`,
      ),
    ),
  );

/** The bridge plugin leaves a bridge without ports, which a switch removes, so it must not be counted before. */
const removeUnusedBridges = `
  ip -o link show type bridge | sed -nE '/NO-CARRIER/s/^[0-9]+: ([^:@]+).*/\\1/p' | xargs -rn1 ip link delete`;

const up = () =>
  kniDemo('up', '--quiet', '--yes', ...(cluster === 'kni-e2e' ? ['--stack', 'bookworm'] : []), ...named);

describe("a user's network runtime", () => {
  const own = useOwnRuntime();
  let before: readonly string[] = [];
  let uid = '';
  beforeAll(async () => {
    await useDefault();
    uid = await sampleUid();
    for (const node of [worker, controlPlane]) {
      // The chapter before may have left cleanups that are still pending.
      await networksOfPods(node);
      await shell(node, removeUnusedBridges);
    }
    before = await traces();
  });

  it('gives the same pods their networks, and is kept by up', async () => {
    expect(await own.use()).toMatchObject({
      exitCode: exitCodes.ok,
      stdout: expect.stringMatching(/\n1\. address .*10\.[^]*\n4\. netns joined by containerd[^]*In use: /),
    });
    expect(await sampleUid()).toBe(uid);
    expect(await programOnWorker()).toContain('/opt/kni/user-runtime/');
    expect((await kniDemo('status', ...named)).stdout).toContain(
      `your own network runtime ${own.directory} on all nodes; leave it: kni-demo runtime use default`,
    );
    const ip = await podIp(sample);
    expect(ip).toMatch(podSubnet);
    expect(await up()).toMatchObject({
      exitCode: exitCodes.ok,
      stdout: expect.stringContaining('network runtime, which stays in use'),
    });
    expect(await podIp(sample)).toBe(ip);
    expect(await own.use()).toMatchObject({
      exitCode: exitCodes.ok,
      stdout: expect.stringContaining('Already in use: '),
    });
  });

  it('does not compile: nothing is changed', async () => {
    const good = await own.edit((text) => `${text}\nconst x = ;\n`);
    const ended = await own.use();
    await own.write(good);
    expect(ended).toMatchObject({
      exitCode: exitCodes.badInput,
      stderr: expect.stringMatching(/runtime\.ts:\d+:11: Unexpected ";"/),
    });
  });

  it('is rolled back to the former one when it exits', async () => {
    const good = await own.edit((text) =>
      text.replace(/^await serve\(/m, "throw new Error('no map');\nawait serve("),
    );
    const ended = await own.use();
    await own.write(good);
    expect(ended).toMatchObject({
      exitCode: exitCodes.failed,
      stdout: expect.stringContaining(`undone: network runtime of ${worker} replaced by`),
      stderr: expect.stringContaining('it exits after its start, with status 1'),
    });
    // Its own log, and not that of the former runtime.
    expect(ended.stderr).toMatch(/ \| .*no map/);
    await podReady(sample);
    expect(await sampleUid()).toBe(uid);
    expect(await programOnWorker()).toContain('/opt/kni/user-runtime/');
    expect(await own.use()).toMatchObject({stdout: expect.stringContaining('Already in use: ')});
  });

  it('is developed: each save serves, an error does not', async () => {
    const running = own.develop();
    await running.printed('proved ');
    await own.edit((text) => text.replace("name: 'bridge', ready", "name: 'edited', ready"));
    // The logs of the nodes, which it also prints, say "serving KNI".
    await running.printed(/serving [\d.]+ m?s after/);
    expect(await shell(worker, 'kni-runtime networks')).toContain('"edited"');
    expect(await shell(controlPlane, 'kni-runtime networks')).toContain('"edited"');
    await until('the sample pod to be new', async () => (await sampleUid()) !== uid);
    await podReady(sample);
    // The second save comes during the proof of the first one.
    for (const count of [1, 2]) {
      await own.edit((text) => `${text}\nconsole.log('save ${count}');\n`);
      await running.printed(`save ${count}`);
    }
    const proofs = (): number => running.output().split('proved ').length;
    const former = proofs();
    await until('the second save to be proved', () => Promise.resolve(proofs() > former));
    await own.edit((text) => `${text}\nconst x = ;\n`);
    await running.printed('Unexpected ";"');
    expect(await shell(worker, 'kni-runtime networks')).toContain('"edited"');
    await own.edit((text) => text.replace('const x = ;', "throw new Error('no map');"));
    await running.printed('it exits after its start');
    await running.printed('the former version keeps serving');
    await until('the former version to serve', async () =>
      (await shell(worker, 'kni-runtime networks || true')).includes('"edited"'),
    );
    running.interrupt();
    expect(await running.ended).toMatchObject({
      exitCode: exitCodes.ok,
      stdout: expect.stringContaining(`Still in use: ${own.directory}`),
    });
    expect(await programOnWorker()).toContain('/opt/kni/user-runtime/dev/');
    uid = await sampleUid();
  });

  it('leaves nothing behind', async () => {
    // Things that the template does not make, and that no call of KNI removes.
    await shell(worker, 'nft add table inet own; ip netns add leaked; ip link add leaked0 type bridge');
    const ended = await useDefault();
    expect(ended).toMatchObject({
      exitCode: exitCodes.ok,
      stdout: expect.stringContaining('5. calls made by kubelet'),
    });
    for (const what of ['table inet own', 'netns leaked', 'link leaked0'])
      expect(ended.stdout).toContain(`${worker}: removed ${what}\n`);
    expect(await sampleUid()).toBe(uid);
    expect(await programOnWorker()).toContain('/opt/kni/kni-runtime.cjs');
    await until('the nodes to be as before', async () => {
      expect(await traces()).toEqual(before);
      return true;
    });
  });
});
