import {spawn} from 'node:child_process';
import {access, mkdir, readdir, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, vi} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {recordImage, recordPulledImage} from '../../src/cache/images.ts';
import {withLock} from '../../src/cache/lock.ts';
import {markDirectories} from '../../src/cache/marker.ts';
import {kubeconfigOf, recordedClusters, writeRecord} from '../../src/cluster/cluster.ts';
import {ownerDirectoryOf} from '../../src/cluster/ownership.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {managedEngine} from '../../src/stages/lib/managed-engine.ts';
import {recordPackages} from '../../src/stages/lib/packages-record.ts';
import {
  dataRoot,
  engineId,
  listNodeContainers,
  listOurImages,
  listUsedImages,
  type NodeContainer,
  removeImages,
} from '../../src/tools/docker.ts';
import {deleteCluster} from '../../src/tools/kind.ts';
import {cli, type Ended} from '../rig/cli.ts';
import {envOf, exchange, node, printed} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';
import {capture} from '../rig/terminal.ts';

const ours = [node('test1-control-plane'), node('test1-worker')];
const other = node('x-control-plane', {cluster: 'x'});
const foreign = node('their-control-plane', {cluster: 'their', stack: undefined, image: 'kindest/node:v1'});
const ps = (...nodes: readonly NodeContainer[]): string =>
  exchange(listNodeContainers(), ...printed(...nodes));
const noEngine = ['2> Cannot connect to the Docker daemon at unix:///var/run/docker.sock.', '[exit code 1]'];

const dirsIn = (dir: TempDir) => dirsOf(envOf(dir));
const remember = (dir: TempDir, name = 'test1') =>
  writeRecord(dirsIn(dir), name, {phase: 'complete', nodeImage: 'kni-demo/node:1'});
const remove = (dir: TempDir, name = 'test1'): string =>
  exchange(deleteCluster(name, kubeconfigOf(dirsIn(dir), name)));

describe('down', () => {
  it('lists what would go, and removes nothing unless that is confirmed', async () => {
    await using dir = await tempDir();
    await remember(dir);
    using host = fakeHost(ps(...ours, other, foreign));
    expect(await cli(dir, ['down'], {host})).toEqual({
      code: exitCodes.badInput,
      stdout: '- cluster test1: test1-control-plane, test1-worker\n',
      stderr:
        'error: nothing was removed: you did not confirm\ntry:   run it again and answer y, or pass --yes\n',
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

  it('refuses one that is not ours', async () => {
    await using dir = await tempDir();
    using host = fakeHost(ps(foreign));
    expect(await cli(dir, ['down', '--yes', '--name', 'their'], {host})).toMatchObject({
      code: exitCodes.conflict,
      stderr: expect.stringMatching(/^error: cluster their was not made by kni-demo: /),
    });
  });

  it('is done if there is nothing, and forgets what it knew of it', async () => {
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

  it('leaves the rest alone if one thing cannot be removed, and names it', async () => {
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

  it('is refused while another kni-demo is at work', async () => {
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

  it('is cancelled while it asks', async () => {
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

describe('down if no engine runs', () => {
  const silent = exchange(listNodeContainers(), ...noEngine);

  it('has nothing to do if nothing was made', async () => {
    await using dir = await tempDir();
    using host = fakeHost(silent);
    expect(await cli(dir, ['down'], {host})).toMatchObject({
      code: 0,
      stdout: 'cluster test1 does not exist\n',
    });
    expect(await readdir(dir.path)).toEqual([]);
  });

  it.each([['down'], ['down --all'], ['down --purge']])(
    '%s does not forget the cluster that sleeps',
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

  it('--purge takes it along with the engine that kni-demo installed', async () => {
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

  it('fails with a reason if docker refuses to answer', async () => {
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
  const container = (name: string, rest: object): string =>
    JSON.stringify({
      Name: `/${name}`,
      State: {Running: true},
      Config: {Image: 'x', Labels: {}},
      MountPoints: {},
      ...rest,
    });

  /** What dockerd 26.1 keeps on disk, as far as kni-demo reads it. */
  const fillEngine = async (dir: TempDir): Promise<void> => {
    const {dataRoot: root} = managedEngine(dirsIn(dir));
    const owner = await ownerDirectoryOf(dirsIn(dir), 'test1');
    await markDirectories(dirsIn(dir));
    await remember(dir);
    await mkdir(owner);
    const labels = {'io.x-k8s.kind.cluster': 'test1', 'dev.kni-demo.stack': 'bookworm'};
    const containers = {
      ours: container('test1-worker', {
        Config: {Image: 'kni-demo/node:1', Labels: labels},
        MountPoints: {'/var': {Name: 'our-volume'}, '/etc/kni-demo/owner': {Source: owner}},
      }),
      theirs: container('test2-worker', {
        Config: {Image: 'kni-demo/node:1', Labels: {...labels, 'io.x-k8s.kind.cluster': 'test2'}},
        MountPoints: {'/etc/kni-demo/owner': {Source: '/home/them/kni-demo/clusters/test2/owner'}},
      }),
      database: container('database', {State: {Running: false}, MountPoints: null}),
    };
    for (const [id, text] of Object.entries(containers)) {
      await mkdir(join(root, 'containers', id), {recursive: true});
      await writeFile(join(root, 'containers', id, 'config.v2.json'), text);
    }
    for (const volume of ['our-volume', 'data'])
      await mkdir(join(root, 'volumes', volume), {recursive: true});
    await writeFile(join(root, 'volumes/metadata.db'), '');
    await mkdir(join(root, 'image/overlay2'), {recursive: true});
    await recordPulledImage(dirsIn(dir), 'kindest/node:v1@sha256:abc');
    const Repositories = {
      'kni-demo/node': {'kni-demo/node:1': 'sha256:1'},
      postgres: {'postgres:17': 'sha256:2'},
      'kindest/node': {'kindest/node@sha256:abc': 'sha256:3'},
    };
    await writeFile(join(root, 'image/overlay2/repositories.json'), JSON.stringify({Repositories}));
  };
  const foreignContent = ['container database', 'container test2-worker', 'image postgres:17', 'volume data'];

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

  it.each([['down'], ['down --purge']])('%s does not forget a cluster that its engine has', async (line) => {
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
  });

  it('--all says which cluster it keeps', async () => {
    await using dir = await tempDir();
    await inEngine(dir, 'engine-1');
    using host = fakeHost(ps() + exchange(engineId, 'engine-2'));
    const {code, stdout} = await cli(dir, ['down', '--all', '--yes'], {host});
    expect(code).toBe(0);
    expect(stdout).toContain('keeps cluster test1: it is in the docker engine engine-1; ');
    expect(await recordedClusters(dirsIn(dir))).toEqual(['test1']);
  });

  it('forgets it once its own engine says that it is gone', async () => {
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

describe('down --all and --purge', () => {
  it('reports that nothing of kni-demo is on the machine', async () => {
    await using dir = await tempDir();
    using host = fakeHost(ps(foreign) + exchange(listOurImages));
    expect(await cli(dir, ['down', '--purge'], {host})).toEqual({
      code: 0,
      stdout: 'nothing to remove: kni-demo has made nothing here\n',
      stderr: '',
      questions: [],
    });
  });

  it('lists and removes every cluster of ours, images, cache and state', async () => {
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

  it('does not list the images of the engine that goes with the cache', async () => {
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

  it('stops the engine that kni-demo started, and no other process of that number', async () => {
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
