/** A user's network runtime is used, rolled back, developed and removed. Pods are never deleted, and no leftovers stay. */

import {access, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {cluster, controlPlane, dirs, named, run, shell, value, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {kniDemo, type Running, start} from '../../rig/cluster/kni-demo.ts';
import {podIp, podReady, podSubnet, removePods, sample} from '../../rig/cluster/pods.ts';
import {type TempDir, tempDir} from '../../rig/temp-dir.ts';
import {until} from '../../rig/wait.ts';

useCluster();

const nodes = [worker, controlPlane];
/** The program that kni.service runs on the worker. */
const program = (): Promise<string> =>
  shell(worker, 'tr "\\0" " " <"/proc/$(systemctl show kni --property=MainPID --value)/cmdline"');
/** Rules, links and routes by number, because their names differ; and all files of a user's runtime. */
const traces = async (): Promise<readonly string[]> =>
  Promise.all(
    nodes.map((node) =>
      shell(
        node,
        `iptables-save | grep '^-A' | grep -vc KUBE-; ip -o link | wc -l; ip route | wc -l
         nft list tables | wc -l; ls /run/netns | wc -l
         ls -d /opt/kni/user-runtime /var/lib/kni-runtime 2>/dev/null || true
         ls /etc/systemd/system/kni.service.d 2>/dev/null || true`,
      ),
    ),
  );

let dir: TempDir;
let running: Running | undefined;
const use = (what: string) => kniDemo('runtime', 'use', what, ...named, '--yes', '--lock-timeout', '5m');
const up = () =>
  kniDemo('up', '--quiet', '--yes', ...(cluster === 'kni-e2e' ? ['--stack', 'bookworm'] : []), ...named);
const sampleUid = (): Promise<string> => value('.metadata.uid', 'pod', sample);
const edit = async (change: (text: string) => string): Promise<void> => {
  const text = await readFile(dir.join('hello/runtime.ts'), 'utf8');
  const changed = change(text);
  expect(changed).not.toBe(text);
  await writeFile(dir.join('hello/runtime.ts'), changed);
};

describe("a user's network runtime", () => {
  let before: readonly string[] = [];
  let uid = '';
  beforeAll(async () => {
    dir = await tempDir();
    await kniDemo('runtime', 'new', dir.join('hello'));
    await use('default');
    uid = await sampleUid();
    before = await traces();
  });
  // A failed test must not keep the lock from the next one.
  afterEach(async () => {
    running?.kill();
    await running?.ended;
  });
  afterAll(async () => {
    await use('default');
    await dir[Symbol.asyncDispose]();
  });

  it('gives the same pods their networks, and is kept by up', async () => {
    expect(await use(dir.join('hello'))).toMatchObject({
      exitCode: exitCodes.ok,
      stdout: expect.stringMatching(/\n1\. address .*10\.[^]*\n4\. netns joined by containerd[^]*In use: /),
    });
    expect(await sampleUid()).toBe(uid);
    expect(await program()).toContain('/opt/kni/user-runtime/');
    expect((await kniDemo('status', ...named)).stdout).toContain(
      `your own network runtime ${dir.join('hello')} on all nodes; leave it: kni-demo runtime use default`,
    );
    const ip = await podIp(sample);
    expect(ip).toMatch(podSubnet);
    expect(await up()).toMatchObject({
      exitCode: exitCodes.ok,
      stdout: expect.stringContaining('network runtime, which stays in use'),
    });
    expect(await podIp(sample)).toBe(ip);
    expect(await use(dir.join('hello'))).toMatchObject({
      exitCode: exitCodes.ok,
      stdout: expect.stringContaining('Already in use: '),
    });
  });

  it.each<[string, (text: string) => string, string]>([
    [
      'exits',
      (text) => text.replace(/^await serve\(/m, "throw new Error('no map');\nawait serve("),
      'it exits after its start, with status 1',
    ],
    [
      'cannot create a network',
      (text) => text.replace(/async createNetwork\(request\) \{/, "$&\n      throw new Error('no room');"),
      'Failed to create pod sandbox',
    ],
  ])('is rolled back to the former one when it %s', async (_, change, why) => {
    const good = await readFile(dir.join('hello/runtime.ts'), 'utf8');
    await edit(change);
    const ended = await use(dir.join('hello'));
    await writeFile(dir.join('hello/runtime.ts'), good);
    expect(ended).toMatchObject({
      exitCode: exitCodes.failed,
      stdout: expect.stringContaining(`undone: network runtime of ${worker} replaced by`),
      stderr: expect.stringContaining(why),
    });
    // Its own log, and not that of the former runtime.
    expect(ended.stderr).toMatch(/ \| /);
    await podReady(sample);
    expect(await sampleUid()).toBe(uid);
    expect(await program()).toContain('/opt/kni/user-runtime/');
    expect(await use(dir.join('hello'))).toMatchObject({
      stdout: expect.stringContaining('Already in use: '),
    });
  });

  it('does not compile: nothing is changed', async () => {
    const good = await readFile(dir.join('hello/runtime.ts'), 'utf8');
    await edit((text) => `${text}\nconst x = ;\n`);
    const ended = await use(dir.join('hello'));
    await writeFile(dir.join('hello/runtime.ts'), good);
    expect(ended).toMatchObject({
      exitCode: exitCodes.badInput,
      stderr: expect.stringMatching(/runtime\.ts:\d+:11: Unexpected ";"/),
    });
  });

  it.each([0, 3_000])('is switched back by the next command after kill -9 at %i ms', async (ms) => {
    running = start('runtime', 'use', 'default', ...named, '--yes', '--lock-timeout', '5m');
    const record = join(dirs.state, 'clusters', cluster, 'changes.json');
    await until('the switch to be recorded', () =>
      access(record).then(
        () => true,
        () => false,
      ),
    );
    await sleep(ms);
    running.kill();
    await running.ended;
    expect((await kniDemo('status', ...named)).stdout).toContain(
      'an interrupted `kni-demo runtime use` left',
    );
    const created = await kniDemo('pod', 'create', 'after-kill', ...named, '--node', worker);
    expect(created).toMatchObject({
      exitCode: exitCodes.ok,
      stderr: expect.stringContaining(`undone: network runtime of ${worker} replaced by`),
    });
    await removePods('after-kill');
    expect(await program()).toContain('/opt/kni/user-runtime/');
    await podReady(sample);
    expect(await sampleUid()).toBe(uid);
  });

  it('stays on the other nodes if a node is stopped meanwhile, and up restores that node', async () => {
    running = start('runtime', 'use', 'default', ...named, '--yes', '--lock-timeout', '5m');
    await running.printed(`switching ${worker}`);
    await run('docker', 'stop', '--time', '2', worker);
    expect(await running.ended).toMatchObject({
      exitCode: exitCodes.failed,
      stderr: expect.stringContaining(
        `\`kni-demo runtime use\` failed: node ${worker} was stopped meanwhile`,
      ),
    });
    expect(await shell(controlPlane, 'systemctl is-active kni kubelet')).toBe('active\nactive');
    expect(await up()).toMatchObject({exitCode: exitCodes.ok});
    expect(await program()).toContain('/opt/kni/user-runtime/');
  });

  it('is developed: each save serves, an error does not', async () => {
    running = start('runtime', 'dev', dir.join('hello'), ...named, '--yes', '--lock-timeout', '5m');
    await running.printed('proved ');
    await edit((text) => text.replace("name: 'bridge', ready", "name: 'edited', ready"));
    // The logs of the nodes, which it also prints, say "serving KNI".
    await running.printed(/serving [\d.]+ m?s after/);
    expect(await shell(worker, 'kni-runtime networks')).toContain('"edited"');
    expect(await shell(controlPlane, 'kni-runtime networks')).toContain('"edited"');
    await until('the sample pod to be new', async () => (await sampleUid()) !== uid);
    await podReady(sample);
    // The second save comes during the proof of the first one.
    for (const count of [1, 2]) {
      await edit((text) => `${text}\nconsole.log('save ${count}');\n`);
      await running.printed(`save ${count}`);
    }
    const proofs = (): number => running?.output().split('proved ').length ?? 0;
    const former = proofs();
    await until('the second save to be proved', () => Promise.resolve(proofs() > former));
    await edit((text) => `${text}\nconst x = ;\n`);
    await running.printed('Unexpected ";"');
    expect(await shell(worker, 'kni-runtime networks')).toContain('"edited"');
    await edit((text) => text.replace('const x = ;', "throw new Error('no map');"));
    await running.printed('it exits after its start');
    await running.printed('the former version keeps serving');
    await until('the former version to serve', async () =>
      (await shell(worker, 'kni-runtime networks || true')).includes('"edited"'),
    );
    running.interrupt();
    expect(await running.ended).toMatchObject({
      exitCode: exitCodes.ok,
      stdout: expect.stringContaining(`Still in use: ${dir.join('hello')}`),
    });
    expect(await program()).toContain('/opt/kni/user-runtime/dev/');
    uid = await sampleUid();
  });

  it('is developed, and goes back to the last version that was proved at Ctrl-C', async () => {
    const good = await readFile(dir.join('hello/runtime.ts'), 'utf8');
    await writeFile(dir.join('hello/runtime.ts'), good.replace("\nthrow new Error('no map');", ''));
    running = start('runtime', 'dev', dir.join('hello'), ...named, '--yes', '--lock-timeout', '5m');
    await running.printed('proved ');
    await edit((text) =>
      text.replace(/async createNetwork\(request\) \{/, "$&\n      throw new Error('no room');"),
    );
    await running.printed('CreateNetwork failed');
    running.interrupt();
    expect(await running.ended).toMatchObject({
      exitCode: exitCodes.ok,
      stdout: expect.stringContaining('The last version was not proved. Going back to the one before.'),
    });
    await podReady(sample);
    uid = await sampleUid();
  });

  it('is developed, and goes back by the next command after kill -9', async () => {
    running = start('runtime', 'dev', dir.join('hello'), ...named, '--yes', '--lock-timeout', '5m');
    await running.printed('CreateNetwork failed'); // the version that Ctrl-C left
    running.kill();
    await running.ended;
    expect((await kniDemo('status', ...named)).stdout).toContain(
      `an interrupted \`kni-demo runtime dev\` left: a version of ${dir.join('hello')} on `,
    );
    const created = await kniDemo('pod', 'create', 'after-kill', ...named, '--node', worker);
    expect(created).toMatchObject({
      exitCode: exitCodes.ok,
      stderr: expect.stringContaining(
        `undone: a version of ${dir.join('hello')} on ${worker} that was not proved`,
      ),
    });
    await removePods('after-kill');
    await podReady(sample);
    uid = await sampleUid();
  });

  it('leaves nothing behind', async () => {
    // Things that the template does not make, and that no call of KNI removes.
    await shell(worker, 'nft add table inet own; ip netns add leaked; ip link add leaked0 type bridge');
    const ended = await use('default');
    expect(ended).toMatchObject({
      exitCode: exitCodes.ok,
      stdout: expect.stringContaining('5. calls made by kubelet'),
    });
    for (const what of ['table inet own', 'netns leaked', 'link leaked0'])
      expect(ended.stdout).toContain(`${worker}: removed ${what}\n`);
    expect(await sampleUid()).toBe(uid);
    expect(await program()).toContain('/opt/kni/kni-runtime.cjs');
    await until('the nodes to be as before', async () => (await traces()).join() === before.join());
  });
});
