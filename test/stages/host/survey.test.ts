import {access, mkdir} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import type {Machine} from '../../../src/host/machine.ts';
import {managedEngine} from '../../../src/stages/lib/managed-engine.ts';
import {exchange, gibibyte} from '../../rig/demo.ts';
import {fakeHost} from '../../rig/fake-host.ts';
import {engineAnswers, kindAnswers, missing, noKind, survey} from '../../rig/surveyed-machine.ts';
import {tempDir} from '../../rig/temp-dir.ts';

describe('a machine that has all', () => {
  it('is surveyed without writing anything', async () => {
    await using dir = await tempDir();
    const host = fakeHost(engineAnswers('26.1.5+dfsg1') + kindAnswers);
    const {lines, error} = await survey(dir, host);
    expect(error).toBeUndefined();
    expect(lines).toEqual([
      `+ system    Linux amd64, Node.js ${process.version}, cgroup v2; stack bookworm`,
      `+ room      100 GB free for ${dir.join('cache/kni-demo')}, 16 GB memory, 4 cores`,
      '+ inotify   8192 instances per user',
      '+ packages  none needed: docker is running',
      '+ docker    engine 26.1.5+dfsg1',
      '+ engine    running',
      '+ kind      0.27.0',
    ]);
    await expect(access(dir.join('cache'))).rejects.toThrow('ENOENT');
    await expect(access(dir.join('state'))).rejects.toThrow('ENOENT');
  });

  it('may have few inotify instances, which causes only a note', async () => {
    await using dir = await tempDir();
    const {lines, error} = await survey(dir, fakeHost(engineAnswers('26.1') + kindAnswers), {
      inotifyInstances: async () => 128,
      workers: 2,
    });
    expect(error).toBeUndefined();
    expect(lines[2]).toBe(
      '! inotify   128 instances per user may be too few for 3 nodes: sysctl -w fs.inotify.max_user_instances=512',
    );
  });
});

describe('a machine that lacks something', () => {
  it('is told everything at once, with the exact commands', async () => {
    await using dir = await tempDir();
    const found = await survey(dir, fakeHost(engineAnswers('[not found]') + noKind));
    const {error, context} = found;
    expect(missing(found)).toEqual([
      '- packages  missing: iptables, runc, mmdebstrap',
      '- docker    missing: not installed',
      '- engine    missing: not running',
      '- kind      missing: not installed',
    ]);
    expect(error).toMatchObject({
      exitCode: exitCodes.hostLacks,
      what: 'this machine does not meet the requirements of the demo',
      why: 'packages: iptables, runc, mmdebstrap\ndocker: not installed\nengine: not running\nkind: not installed',
    });
    const lines = error?.tryThis.split('\n') ?? [];
    expect(lines[0]).toBe('let `kni-demo up --yes` run these commands, or run them yourself:');
    expect(lines).toContain('  apt-get -qq update');
    expect(lines).toContain(
      '  env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends iptables runc mmdebstrap',
    );
    expect(
      lines
        .filter((line) => line.includes('apt-get -qq download'))
        .map((line) => line.replace(/^.*download /, '')),
    ).toEqual(['docker.io docker-cli containerd', 'kind']);
    expect(lines).toContain(
      `  ln -sf ${managedEngine(context.dirs).root}/usr/bin/docker /usr/local/bin/docker`,
    );
    expect(lines.filter((line) => line.includes('setsid --fork'))).toHaveLength(1);
  });

  it('is told that root is needed before any command runs', async ({onTestFinished}) => {
    const {argv} = process;
    process.argv = ['node', '/its/bin/kni-demo.js', 'bundle', 'save', 'demo.tar', '--yes'];
    onTestFinished(() => {
      process.argv = argv;
    });
    await using dir = await tempDir();
    const asked = await survey(dir, fakeHost(engineAnswers('[not found]') + noKind), {isRoot: false});
    expect(asked.error?.tryThis).toMatch(/^let `kni-demo up --yes` as root run these/);
    const told = await survey(dir, fakeHost(engineAnswers('[not found]') + noKind), {
      isRoot: false,
      mayInstall: true,
    });
    expect(told.error).toMatchObject({
      what: 'root is needed to install or start what is missing',
      tryThis: `run it as root: sudo ${process.execPath} /its/bin/kni-demo.js bundle save demo.tar --yes`,
      exitCode: exitCodes.hostLacks,
    });
  });

  it('needs no root for kind alone', async () => {
    await using dir = await tempDir();
    const {error} = await survey(dir, fakeHost(engineAnswers('26.1') + noKind), {
      isRoot: false,
      mayInstall: true,
    });
    expect(error).toBeUndefined();
  });

  it.each([
    ['kind v0.26.0 go1.23.4 linux/amd64', '0.26.0 is too old for Kubernetes v1.20.2, which needs 0.27.0'],
    ['kind v0.9.9 go1.23.4 linux/amd64', '0.9.9 is too old for Kubernetes v1.20.2, which needs 0.27.0'],
    ['kind v0.27.0 go1.23.4 linux/amd64', undefined],
    ['kind v0.28.0-alpha+1a2b go1.24 linux/amd64', undefined],
    ['kind v1.0.0 go1.24 linux/amd64', undefined],
    ['kind (devel)', undefined],
  ])('is told when its kind is too old: %s', async (version, why) => {
    await using dir = await tempDir();
    const found = await survey(
      dir,
      fakeHost(`${engineAnswers('26.1')}${exchange(['kind', ['version']], version)}`),
    );
    expect(missing(found)).toEqual(why === undefined ? [] : [`- kind      missing: ${why}`]);
  });

  it('passes with --yes', async () => {
    await using dir = await tempDir();
    expect(
      (await survey(dir, fakeHost(engineAnswers('[not found]') + noKind), {mayInstall: true})).error,
    ).toBeUndefined();
  });

  it('does not pass with --yes when kni-demo cannot install what is missing', async () => {
    await using dir = await tempDir();
    const {error} = await survey(dir, fakeHost(engineAnswers('26.1') + noKind), {
      mayInstall: true,
      roomAt: async () => ({disk: 3 * gibibyte, memory: 16 * gibibyte, cores: 4}),
    });
    expect(error?.why.split('\n')[0]).toBe(
      `room: 3 GB free for ${dir.join('cache/kni-demo')}, 16 GB memory, 4 cores`,
    );
    expect(error?.tryThis.split('\n')[0]).toBe('free 15 GB there, or set XDG_CACHE_HOME to a larger disk');
  });

  it('needs less disk space when the cache has builds', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('cache/kni-demo/go-build'), {recursive: true});
    const roomAt = async () => ({disk: 5 * gibibyte, memory: 16 * gibibyte, cores: 4});
    expect(
      (await survey(dir, fakeHost(engineAnswers('26.1') + kindAnswers), {roomAt})).error,
    ).toBeUndefined();
  });

  it('needs the whole disk space when only a network runtime was compiled', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('cache/kni-demo/go-build-runtime'), {recursive: true});
    const roomAt = async () => ({disk: 5 * gibibyte, memory: 16 * gibibyte, cores: 4});
    const {error} = await survey(dir, fakeHost(engineAnswers('26.1') + kindAnswers), {roomAt});
    expect(error?.tryThis).toBe('free 15 GB there, or set XDG_CACHE_HOME to a larger disk');
  });

  it.each<[string, Partial<Machine>, string]>([
    [
      'memory',
      {roomAt: async () => ({disk: 99 * gibibyte, memory: 2 * gibibyte, cores: 1})},
      'the build and the nodes need 4 GB of memory',
    ],
    [
      'a directory that is writable',
      {whyNotWritable: async () => 'EROFS: read-only file system'},
      'set XDG_CACHE_HOME and XDG_STATE_HOME to directories of your own',
    ],
    ['cgroups', {cgroupMode: async () => 'none'}, 'mount cgroup v2 at /sys/fs/cgroup'],
  ])('lacks %s', async (_, rest, advice) => {
    await using dir = await tempDir();
    expect((await survey(dir, fakeHost(engineAnswers('26.1') + kindAnswers), rest)).error?.tryThis).toBe(
      advice,
    );
  });

  it('names the state directory that is not writable, among the rest', async () => {
    await using dir = await tempDir();
    const {error, context} = await survey(dir, fakeHost(engineAnswers('26.1') + noKind), {
      whyNotWritable: async (path) => (path.includes('state') ? "ENOENT: mkdir '/proc/nope'" : undefined),
    });
    expect(error).toMatchObject({
      why: `room: ${context.dirs.state} is not writable: ENOENT: mkdir '/proc/nope'\nkind: not installed`,
      exitCode: exitCodes.hostLacks,
    });
  });

  it('gives a system without apt advice, once', async () => {
    await using dir = await tempDir();
    const {error} = await survey(dir, fakeHost(engineAnswers('[not found]') + noKind), {
      mirrors: async () => undefined,
    });
    expect(error?.tryThis.split('\n')).toEqual([
      'install docker with your system, for example: dnf install moby-engine && systemctl enable --now docker',
      'install kind 0.27.0 or later, as root: curl -fLo /usr/local/bin/kind https://kind.sigs.k8s.io/dl/v0.27.0/kind-linux-amd64 && chmod +x /usr/local/bin/kind',
    ]);
  });
});
