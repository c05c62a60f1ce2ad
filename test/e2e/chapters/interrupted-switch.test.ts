/** A switch to or from a user's network runtime is interrupted or fails late; the cluster keeps a runtime that works. */

import {access} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {beforeAll, describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {cluster, controlPlane, dirs, named, run, shell, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {kniDemo} from '../../rig/cluster/kni-demo.ts';
import {programOnWorker, refuseNetworks, sampleUid, useOwnRuntime} from '../../rig/cluster/own-runtime.ts';
import {podReady, removePods, sample} from '../../rig/cluster/pods.ts';
import {until} from '../../rig/wait.ts';

useCluster();

describe("a switch to or from a user's network runtime", () => {
  const own = useOwnRuntime();
  let uid = '';
  beforeAll(async () => {
    await own.use();
    uid = await sampleUid();
  });

  // It takes most of a minute: a kubelet repeats a call that failed only after 10 to 15 s.
  it('is rolled back when the runtime cannot create a network', async () => {
    const good = await own.edit(refuseNetworks);
    const ended = await own.use();
    await own.write(good);
    expect(ended).toMatchObject({
      exitCode: exitCodes.failed,
      stdout: expect.stringContaining(`undone: network runtime of ${worker} replaced by`),
      stderr: expect.stringContaining('Failed to create pod sandbox'),
    });
    // Its own log, and not that of the former runtime.
    expect(ended.stderr).toMatch(/ \| /);
    await podReady(sample);
    expect(await sampleUid()).toBe(uid);
    expect(await programOnWorker()).toContain('/opt/kni/user-runtime/');
  });

  it.each([0, 3_000])('is undone by the next command after kill -9 at %i ms', async (ms) => {
    const running = own.startUseDefault();
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
    expect(await programOnWorker()).toContain('/opt/kni/user-runtime/');
    await podReady(sample);
    expect(await sampleUid()).toBe(uid);
  });

  it('is undone on the other nodes if a node is stopped meanwhile, and up restores that node', async () => {
    const running = own.startUseDefault();
    await running.printed(`switching ${worker}`);
    await run('docker', 'stop', '--time', '2', worker);
    expect(await running.ended).toMatchObject({
      exitCode: exitCodes.failed,
      stderr: expect.stringContaining(
        `\`kni-demo runtime use\` failed: node ${worker} was stopped meanwhile`,
      ),
    });
    expect(await shell(controlPlane, 'systemctl is-active kni kubelet')).toBe('active\nactive');
    const stack = cluster === 'kni-e2e' ? ['--stack', 'bookworm'] : [];
    const up = await kniDemo('up', '--quiet', '--yes', ...stack, ...named);
    expect(up).toMatchObject({exitCode: exitCodes.ok});
    expect(await programOnWorker()).toContain('/opt/kni/user-runtime/');
  });

  it('goes back to the last version that was proved, when runtime dev ends by Ctrl-C', async () => {
    const running = own.develop();
    await running.printed('proved ');
    await own.edit(refuseNetworks);
    await running.printed('CreateNetwork failed');
    running.interrupt();
    expect(await running.ended).toMatchObject({
      exitCode: exitCodes.ok,
      stdout: expect.stringContaining('The last version was not proved. Going back to the one before.'),
    });
    await podReady(sample);
  });

  it('goes back to it by the next command, after runtime dev was ended by kill -9', async () => {
    const running = own.develop();
    await running.printed('CreateNetwork failed'); // the version that Ctrl-C left
    running.kill();
    await running.ended;
    expect((await kniDemo('status', ...named)).stdout).toContain(
      `an interrupted \`kni-demo runtime dev\` left: a version of ${own.directory} on `,
    );
    const created = await kniDemo('pod', 'create', 'after-kill', ...named, '--node', worker);
    expect(created).toMatchObject({
      exitCode: exitCodes.ok,
      stderr: expect.stringContaining(
        `undone: a version of ${own.directory} on ${worker} that was not proved`,
      ),
    });
    await removePods('after-kill');
    await podReady(sample);
  });
});
