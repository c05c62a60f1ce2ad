import {mkdir, symlink} from 'node:fs/promises';
import {describe, expect, it, vi} from 'vitest';
import {withLock} from '../../src/cache/lock.ts';
import {kubeconfigOf, recordedClusters} from '../../src/cluster/cluster.ts';
import {ownerDirectoryOf} from '../../src/cluster/ownership.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import type {NodeContainer} from '../../src/tools/docker.ts';
import {deleteCluster} from '../../src/tools/kind.ts';
import {cli, type Ended} from '../rig/cli.ts';
import {envOf, exchange} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';
import {dirsIn, foreign, other, ours, ps, remember, remove} from '../rig/removals.ts';
import {tempDir} from '../rig/temp-dir.ts';
import {capture} from '../rig/terminal.ts';

describe('down', () => {
  it('lists the removals, and removes nothing without confirmation', async () => {
    await using dir = await tempDir();
    await remember(dir);
    using host = fakeHost(ps(...ours, other, foreign));
    expect(await cli(dir, ['down'], {host})).toEqual({
      code: exitCodes.badInput,
      stdout: '- cluster test1: test1-control-plane, test1-worker\n',
      stderr:
        'error: nothing was removed: you did not confirm\ntry:   run it again and answer y, or pass --yes\n',
      errorCode: 'KNI-E214',
      questions: ['Remove it?'],
    });
    expect(await recordedClusters(dirsIn(dir))).toEqual(['test1']);
  });

  it('lists before it asks, and removes only that cluster', async () => {
    await using dir = await tempDir();
    await remember(dir);
    await remember(dir, 'x');
    using host = fakeHost(ps(...ours, other, foreign) + remove(dir));
    const {code, stdout, questions} = await cli(dir, ['down'], {host, answer: true});
    expect({code, stdout}).toEqual({
      code: 0,
      stdout: '- cluster test1: test1-control-plane, test1-worker\ndone\n',
    });
    expect(questions).toEqual(['Remove it?']);
    expect(await recordedClusters(dirsIn(dir))).toEqual(['x']);
  });

  it('does not ask with --yes', async () => {
    await using dir = await tempDir();
    await remember(dir, 'x');
    using host = fakeHost(ps(other) + remove(dir, 'x'));
    expect(await cli(dir, ['down', '--yes', '--name', 'x'], {host})).toMatchObject({code: 0, questions: []});
  });

  it('refuses a cluster that kni-demo did not make', async () => {
    await using dir = await tempDir();
    using host = fakeHost(ps(foreign));
    expect(await cli(dir, ['down', '--yes', '--name', 'their'], {host})).toMatchObject({
      code: exitCodes.conflict,
      stderr: expect.stringMatching(/^error: cluster their was not made by kni-demo: /),
    });
  });

  it('succeeds when the cluster does not exist, and removes its record', async () => {
    await using dir = await tempDir();
    await remember(dir);
    using host = fakeHost(ps(other));
    expect(await cli(dir, ['down'], {host})).toEqual({
      code: 0,
      stdout: 'cluster test1 does not exist\n',
      stderr: '',
      questions: [],
    });
    expect(await recordedClusters(dirsIn(dir))).toEqual([]);
  });

  it('stops at the first removal that fails, and names it', async () => {
    await using dir = await tempDir();
    await remember(dir);
    const failing = exchange(
      deleteCluster('test1', kubeconfigOf(dirsIn(dir), 'test1')),
      '2> ERROR: permission denied',
      '[exit code 1]',
    );
    using host = fakeHost(ps(...ours, other) + failing);
    const {code, stdout, stderr} = await cli(dir, ['down', '--all', '--yes'], {host});
    expect(code).toBe(exitCodes.failed);
    expect(stdout).not.toContain('done');
    expect(stderr).toMatch(/^error: exit code 1: kind delete cluster --name test1 /);
    expect(await recordedClusters(dirsIn(dir))).toEqual(['test1']);
  });

  it('is refused while another kni-demo is running', async () => {
    await using dir = await tempDir();
    const ended = await withLock(dirsIn(dir), {command: 'kni-demo up'}, () => cli(dir, ['down', '--yes']));
    expect(ended).toMatchObject({
      code: exitCodes.busy,
      stderr: expect.stringMatching(
        `^error: another kni-demo is running: process ${process.pid} \\(kni-demo up, since .+\\) holds the lock .+\n` +
          `try:   wait for it to end, or end it: kill ${process.pid}\n`,
      ),
    });
  });

  it('waits for another kni-demo up to --lock-timeout', async () => {
    await using dir = await tempDir();
    using host = fakeHost(ps());
    let ended: Promise<Ended> | undefined;
    const stdout = capture();
    await withLock(dirsIn(dir), {command: 'kni-demo up'}, async () => {
      ended = cli(dir, ['down', '--lock-timeout', '10m'], {host, stdout});
      await vi.waitUntil(() => stdout.text().startsWith('waiting for another kni-demo: '), {timeout: 50_000});
    });
    expect(await ended).toMatchObject({code: 0});
    expect(stdout.text()).toContain('cluster test1 does not exist');
  });

  it('is cancelled while it waits for the answer', async () => {
    await using dir = await tempDir();
    const cancel = new AbortController();
    const confirm = async (): Promise<boolean> => {
      cancel.abort(new Error('cancelled by SIGINT'));
      return false;
    };
    await remember(dir);
    using host = fakeHost(ps(...ours));
    expect(await cli(dir, ['down'], {host, confirm, signal: cancel.signal})).toMatchObject({
      code: exitCodes.cancelled,
      stderr: 'cancelled; run the same command again to continue\n',
    });
  });
});

describe('down on an engine with clusters of other owners', () => {
  const theirs = '/home/them/.local/state/kni-demo/clusters/test1/owner';
  const cases: readonly (readonly [string, readonly NodeContainer[], RegExp])[] = [
    [
      'another state directory made',
      ours.map((each) => ({...each, mounts: `/lib/modules,${theirs},0123`})),
      /^error: cluster test1 belongs to another user: .* belongs to the state directory \/home\/them\/.local\/state\/kni-demo, and your state directory is /,
    ],
    [
      'kind made from our node image',
      ours,
      /^error: cluster test1 belongs to another user: the state directory \S+ has no record of it\n/,
    ],
  ];

  it.each(cases)('refuses one that %s, and --all leaves it alone', async (_, nodes, says) => {
    await using dir = await tempDir();
    using one = fakeHost(ps(...nodes));
    expect(await cli(dir, ['down', '--yes'], {host: one})).toMatchObject({
      code: exitCodes.conflict,
      stderr: expect.stringMatching(says),
    });
    using all = fakeHost(ps(...nodes));
    expect(await cli(dir, ['down', '--all', '--yes'], {host: all})).toMatchObject({
      code: 0,
      stdout: 'nothing to remove: kni-demo has made nothing here\n',
    });
  });

  it('removes its own, also by a symbolic link to the state directory', async () => {
    await using dir = await tempDir();
    await remember(dir);
    const owner = await ownerDirectoryOf(dirsIn(dir), 'test1');
    await mkdir(owner);
    await symlink(dir.join('state'), dir.join('other-way'));
    const kubeconfig = dir.join('other-way/kni-demo/clusters/test1/kubeconfig');
    using host = fakeHost(
      ps(...ours.map((each) => ({...each, mounts: `/lib/modules,${owner}`}))) +
        exchange(deleteCluster('test1', kubeconfig)),
    );
    const env = {...envOf(dir), XDG_STATE_HOME: dir.join('other-way')};
    expect(await cli(dir, ['down', '--yes'], {host, env})).toMatchObject({code: 0});
  });
});
