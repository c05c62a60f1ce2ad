import {spawn} from 'node:child_process';
import {access, mkdir, readdir, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {recordedClusters, writeRecord} from '../../src/cluster/cluster.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {managedEngine} from '../../src/stages/lib/managed-engine.ts';
import {engineId, listNodeContainers, listOurImages} from '../../src/tools/docker.ts';
import {cli} from '../rig/cli.ts';
import {envOf, exchange, printed} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';
import {fillEngine, foreignContent} from '../rig/filled-engine.ts';
import {dirsIn, noEngine, ours, ps, remember} from '../rig/removals.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

describe('down if no engine runs', () => {
  const silent = exchange(listNodeContainers(), ...noEngine);

  it('removes nothing when kni-demo has made nothing', async () => {
    await using dir = await tempDir();
    using host = fakeHost(silent);
    expect(await cli(dir, ['down'], {host})).toMatchObject({
      code: 0,
      stdout: 'cluster test1 does not exist\n',
    });
    expect(await readdir(dir.path)).toEqual([]);
  });

  it.each([['down'], ['down --all'], ['down --purge']])(
    '%s keeps the record of a stopped cluster',
    async (line) => {
      await using dir = await tempDir();
      await remember(dir);
      using host = fakeHost(silent);
      expect(await cli(dir, [...line.split(' '), '--yes'], {host})).toMatchObject({
        code: exitCodes.hostLacks,
        stderr:
          'error: cannot remove cluster test1: the docker engine of the cluster is not running\n' +
          'try:   start the engine, then run it again\n',
      });
      expect(await recordedClusters(dirsIn(dir))).toEqual(['test1']);
    },
  );

  it('--purge removes it together with the engine that kni-demo installed', async () => {
    await using dir = await tempDir();
    await remember(dir);
    await mkdir(managedEngine(dirsIn(dir)).dataRoot, {recursive: true});
    using host = fakeHost(silent + exchange(listOurImages, ...noEngine));
    const {code, stdout} = await cli(dir, ['down', '--purge', '--yes'], {host});
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^- the cache \S+\/cache\/kni-demo, \d+ MB$/),
      expect.stringMatching(/^- logs and state in \S+\/state\/kni-demo$/),
      'done',
      '',
    ]);
    await expect(access(dirsIn(dir).state)).rejects.toThrow('ENOENT');
    await expect(access(dirsIn(dir).cache)).rejects.toThrow('ENOENT');
  });

  it('fails with a reason when docker refuses to answer', async () => {
    await using dir = await tempDir();
    using host = fakeHost(
      exchange(listNodeContainers(), '2> permission denied while trying to connect', '[exit code 1]'),
    );
    expect(await cli(dir, ['down', '--yes'], {host})).toMatchObject({
      code: exitCodes.hostLacks,
      stderr: expect.stringMatching(
        /^error: cannot list what to remove: docker does not answer: permission denied/,
      ),
    });
  });
});

describe('down if others use the engine that kni-demo installed', () => {
  it.each([
    ['runs', printed(...ours)],
    ['does not run', noEngine],
  ])('--purge lists what is foreign and refuses, if the engine %s', async (_, answer) => {
    await using dir = await tempDir();
    await fillEngine(dir);
    using host = fakeHost(exchange(listNodeContainers(), ...answer));
    const {code, stdout, stderr} = await cli(dir, ['down', '--purge', '--yes'], {host});
    expect({code, stdout}).toEqual({code: exitCodes.conflict, stdout: ''});
    expect(stderr.split('\n').slice(1)).toEqual([
      ...foreignContent.map((each) => `       ${each}`),
      'try:   remove them first, or remove them with the engine: kni-demo down --purge --purge-foreign',
      '',
    ]);
    await access(managedEngine(dirsIn(dir)).dataRoot);
    expect(await recordedClusters(dirsIn(dir))).toEqual(['test1']);
  });

  it('--purge-foreign lists and removes them', async () => {
    await using dir = await tempDir();
    await fillEngine(dir);
    using host = fakeHost(exchange(listNodeContainers(), ...noEngine) + exchange(listOurImages, ...noEngine));
    const {code, stdout} = await cli(dir, ['down', '--purge-foreign', '--yes'], {host});
    expect(code).toBe(0);
    expect(stdout.split('\n').slice(0, 4)).toEqual(
      foreignContent.map((each) => `- ${each}, with the docker engine`),
    );
    await expect(access(dirsIn(dir).cache)).rejects.toThrow('ENOENT');
  });

  it('--all does not stop the engine under the running containers of others', async () => {
    await using dir = await tempDir();
    await fillEngine(dir);
    const {pidFile} = managedEngine(dirsIn(dir));
    const running = spawn('sh', ['-c', 'read line', `--pidfile=${pidFile}`], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    try {
      await writeFile(pidFile, `${running.pid}\n`);
      using host = fakeHost(ps());
      const {code, stdout} = await cli(dir, ['down', '--all', '--yes'], {host});
      expect(code).toBe(0);
      expect(stdout).toContain('keeps the docker engine: other containers run in it: test2-worker\n');
      expect(stdout).not.toContain('- the docker engine');
      await access(pidFile);
      // With another state directory the engine is not ours to stop, so there is nothing to say.
      using second = fakeHost(ps());
      const env = {...envOf(dir), XDG_STATE_HOME: dir.join('other')};
      expect(await cli(dir, ['down', '--all', '--yes'], {host: second, env})).toMatchObject({
        stdout: 'nothing to remove: kni-demo has made nothing here\n',
      });
    } finally {
      running.kill();
    }
  });
});

describe('down if docker is pointed to another engine', () => {
  const elsewhere = 'tcp://192.0.2.1:2375';
  const inEngine = (dir: TempDir, engine?: string) =>
    writeRecord(dirsIn(dir), 'test1', {
      phase: 'complete',
      nodeImage: 'kni-demo/node:1',
      ...(engine !== undefined && {engine}),
    });

  it.each([['down'], ['down --purge']])(
    '%s keeps the record of a cluster that exists in its engine',
    async (line) => {
      await using dir = await tempDir();
      await inEngine(dir, 'engine-1');
      using host = fakeHost(ps() + exchange(engineId, 'engine-2'));
      expect(await cli(dir, [...line.split(' '), '--yes'], {host})).toMatchObject({
        code: exitCodes.conflict,
        stderr:
          'error: cannot remove cluster test1: it is in the docker engine engine-1; docker is connected to the engine engine-2\n' +
          'try:   point docker to that engine (DOCKER_HOST, docker context), then run it again\n',
      });
      expect(await recordedClusters(dirsIn(dir))).toEqual(['test1']);
    },
  );

  it('--all names the cluster that it keeps', async () => {
    await using dir = await tempDir();
    await inEngine(dir, 'engine-1');
    using host = fakeHost(ps() + exchange(engineId, 'engine-2'));
    const {code, stdout} = await cli(dir, ['down', '--all', '--yes'], {host});
    expect(code).toBe(0);
    expect(stdout).toContain('keeps cluster test1: it is in the docker engine engine-1; ');
    expect(await recordedClusters(dirsIn(dir))).toEqual(['test1']);
  });

  it('removes the record when its own engine no longer has the cluster', async () => {
    await using dir = await tempDir();
    await inEngine(dir, 'engine-1');
    using host = fakeHost(ps() + exchange(engineId, 'engine-1'));
    expect(await cli(dir, ['down', '--yes'], {host})).toMatchObject({code: 0});
    expect(await recordedClusters(dirsIn(dir))).toEqual([]);
  });

  it('keeps a record without an engine, as kni-demo 0.1.0 wrote it, while DOCKER_HOST is set', async () => {
    await using dir = await tempDir();
    await inEngine(dir);
    using host = fakeHost(ps());
    const env = {...envOf(dir), DOCKER_HOST: elsewhere};
    expect(await cli(dir, ['down', '--yes'], {host, env})).toMatchObject({
      code: exitCodes.conflict,
      stderr: expect.stringContaining('try:   unset DOCKER_HOST, or point docker to that engine'),
    });
    expect(await recordedClusters(dirsIn(dir))).toEqual(['test1']);
  });

  it.each([['down'], ['down --all'], ['down --purge']])(
    '%s never offers to remove our engine where DOCKER_HOST does not answer',
    async (line) => {
      await using dir = await tempDir();
      await inEngine(dir);
      await mkdir(managedEngine(dirsIn(dir)).dataRoot, {recursive: true});
      using host = fakeHost(exchange(listNodeContainers(), ...noEngine));
      const env = {...envOf(dir), DOCKER_HOST: elsewhere};
      expect(await cli(dir, [...line.split(' '), '--yes'], {host, env})).toMatchObject({
        code: exitCodes.hostLacks,
        stderr:
          `error: cannot remove cluster test1: no docker engine answers at DOCKER_HOST=${elsewhere}\n` +
          'try:   start that engine, or unset DOCKER_HOST, then run it again\n',
      });
      await access(managedEngine(dirsIn(dir)).dataRoot);
      expect(await recordedClusters(dirsIn(dir))).toEqual(['test1']);
    },
  );
});
