import {spawn} from 'node:child_process';
import {access, mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {recordImage} from '../../src/cache/images.ts';
import {markDirectories} from '../../src/cache/marker.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {managedEngine} from '../../src/stages/lib/managed-engine.ts';
import {recordPackages} from '../../src/stages/lib/packages-record.ts';
import {dataRoot, listOurImages, listUsedImages, removeImages} from '../../src/tools/docker.ts';
import {cli} from '../rig/cli.ts';
import {exchange} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';
import {dirsIn, foreign, other, ours, ps, remember, remove} from '../rig/removals.ts';
import {tempDir} from '../rig/temp-dir.ts';

describe('down --all and --purge', () => {
  it('reports that there is nothing to remove', async () => {
    await using dir = await tempDir();
    using host = fakeHost(ps(foreign) + exchange(listOurImages));
    expect(await cli(dir, ['down', '--purge'], {host})).toEqual({
      code: 0,
      stdout: 'nothing to remove: kni-demo has made nothing here\n',
      stderr: '',
      questions: [],
    });
  });

  it('lists and removes our clusters, images, cache and state', async () => {
    await using dir = await tempDir();
    await remember(dir);
    await remember(dir, 'x');
    await markDirectories(dirsIn(dir));
    for (const name of ['node', 'base', 'builder']) await recordImage(dirsIn(dir), `kni-demo/${name}:1`);
    await mkdir(join(dirsIn(dir).cache, 'go-build'), {recursive: true});
    await writeFile(join(dirsIn(dir).cache, 'go-build/a'), 'a');
    using host = fakeHost(
      ps(...ours, other, foreign) +
        exchange(
          listOurImages,
          'kni-demo/node:1\t1.2GB',
          'kni-demo/base:1\t90MB',
          'kni-demo/builder:1\t80MB',
          'kni-demo/theirs:1\t1GB',
        ) +
        exchange(dataRoot, '/var/lib/docker') +
        exchange(listUsedImages, 'kni-demo/node:1\ttest1', 'kni-demo/builder:1\t', 'kindest/node:v1\ttheir') +
        remove(dir) +
        remove(dir, 'x') +
        exchange(removeImages(['kni-demo/node:1'])) +
        exchange(removeImages(['kni-demo/base:1'])),
    );
    const {code, stdout, questions} = await cli(dir, ['down', '--purge'], {host, answer: true});
    expect(code).toBe(0);
    expect(questions).toEqual(['Remove all of these?']);
    expect(stdout.split('\n').slice(0, 6)).toEqual([
      'keeps image kni-demo/builder:1: a container uses it',
      'keeps images that this cache has no record of; to remove them: docker rmi kni-demo/theirs:1',
      '- cluster test1: test1-control-plane, test1-worker',
      '- cluster x: x-control-plane',
      '- image kni-demo/node:1, 1.2GB',
      '- image kni-demo/base:1, 90MB',
    ]);
    for (const path of [dirsIn(dir).cache, dirsIn(dir).state])
      await expect(access(path)).rejects.toThrow('ENOENT');
  });

  it('refuses a cache whose engine another state directory has started', async () => {
    await using dir = await tempDir();
    await markDirectories(dirsIn(dir));
    const {dataRoot: root} = managedEngine(dirsIn(dir));
    const engine = spawn('sh', ['-c', 'read line', `--data-root=${root}`], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    try {
      using host = fakeHost(ps());
      expect(await cli(dir, ['down', '--purge', '--yes'], {host})).toMatchObject({
        code: exitCodes.conflict,
        stderr: expect.stringContaining(
          `it has the data of a running docker engine, process ${engine.pid}, `,
        ),
      });
      await access(dirsIn(dir).cache);
    } finally {
      engine.kill();
    }
  });

  it('names the command that removes the packages that kni-demo installed', async () => {
    await using dir = await tempDir();
    await markDirectories(dirsIn(dir));
    await recordPackages(dirsIn(dir), ['iptables', 'runc']);
    await recordPackages(dirsIn(dir), ['runc', 'mmdebstrap']);
    using host = fakeHost(ps() + exchange(listOurImages));
    const {code, stdout} = await cli(dir, ['down', '--purge', '--yes'], {host});
    expect(code).toBe(0);
    expect(stdout).toContain(
      'keeps packages that kni-demo installed; to remove them: apt-get remove --autoremove iptables runc mmdebstrap\n',
    );
  });

  it('does not list images of the engine whose data is in the cache', async () => {
    await using dir = await tempDir();
    await markDirectories(dirsIn(dir));
    await mkdir(managedEngine(dirsIn(dir)).dataRoot);
    using host = fakeHost(
      ps() +
        exchange(listOurImages, 'kni-demo/node:1\t1.2GB') +
        exchange(dataRoot, managedEngine(dirsIn(dir)).dataRoot),
    );
    const {stdout} = await cli(dir, ['down', '--purge', '--yes'], {host});
    expect(stdout).not.toContain('image');
  });

  it.each(['cache', 'state'] as const)('refuses a %s directory that it did not make', async (kind) => {
    await using dir = await tempDir();
    const photo = join(dirsIn(dir)[kind], 'photo');
    await mkdir(dirsIn(dir)[kind], {recursive: true});
    await writeFile(photo, '');
    using host = fakeHost(ps() + exchange(listOurImages));
    expect(await cli(dir, ['down', '--purge', '--yes'], {host})).toMatchObject({
      code: exitCodes.badInput,
      stderr: expect.stringMatching(`^error: cannot remove the ${kind} directory `),
    });
    await access(photo);
  });

  it('stops the engine that kni-demo started, but no other process with the recorded pid', async () => {
    await using dir = await tempDir();
    const {pidFile} = managedEngine(dirsIn(dir));
    await mkdir(join(pidFile, '..'), {recursive: true});
    await writeFile(pidFile, `${process.pid}\n`);
    using before = fakeHost(ps());
    expect((await cli(dir, ['down', '--all', '--yes'], {host: before})).stdout).toBe(
      'nothing to remove: kni-demo has made nothing here\n',
    );

    const engine = spawn('sh', ['-c', 'read line', `--pidfile=${pidFile}`], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const ended = new Promise<NodeJS.Signals | null>((done) =>
      engine.once('exit', (_, signal) => done(signal)),
    );
    await writeFile(pidFile, `${engine.pid}\n`);
    using host = fakeHost(ps());
    expect(await cli(dir, ['down', '--all', '--yes'], {host})).toMatchObject({
      code: 0,
      stdout: `- the docker engine that kni-demo started, process ${engine.pid}\ndone\n`,
    });
    expect(await ended).toBe('SIGTERM');
    await expect(access(pidFile)).rejects.toThrow('ENOENT');
  });
});
