import {chmod, mkdir, readdir, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {describe, expect, it} from 'vitest';
import {type Machine, machineAt} from '../../src/host/machine.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const debian = {'etc/os-release': 'NAME="Debian GNU/Linux"\nID=debian\nVERSION_CODENAME=bookworm\n'};

/** A machine that has these files and no others. */
const having = async (dir: TempDir, files: Readonly<Record<string, string>>): Promise<Machine> => {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(dir.join(name)), {recursive: true});
    await writeFile(dir.join(name), text);
  }
  return machineAt({root: dir.path, path: '/opt/bin:/usr/bin::'});
};

describe('mirrors', () => {
  it("reads apt's sources of either format, and only what is called so", async () => {
    await using dir = await tempDir();
    const machine = await having(dir, {
      ...debian,
      'etc/apt/sources.list': '# moved to sources.list.d\n',
      'etc/apt/sources.list.d/other.list': 'deb https://other.example/debian bookworm stable',
      'etc/apt/sources.list.d/old.list.bak': 'deb http://old.example/debian bookworm main\n',
      'etc/apt/sources.list.d/debian.sources':
        'Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main',
      'etc/apt/sources.list.d/security.sources':
        'Types: deb\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\nComponents: main',
    });
    expect(await machine.mirrors()).toEqual({
      debian: 'http://mirror.example/debian',
      security: 'http://mirror.example/debian-security',
    });
  });

  it("follows the list of mirrors that Debian's cloud images name", async () => {
    await using dir = await tempDir();
    const machine = await having(dir, {
      ...debian,
      'etc/apt/mirrors/debian.list':
        '# in order\n\nhttps://mirror.example/debian priority:1\nhttps://second.example/debian\n',
      'etc/apt/sources.list.d/debian.sources':
        'Types: deb deb-src\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: bookworm\nComponents: main\n\n' +
        'Types: deb\nURIs: mirror+file:///etc/apt/mirrors/lost.list\nSuites: bookworm-security\nComponents: main\n',
    });
    expect(await machine.mirrors()).toEqual({debian: 'https://mirror.example/debian', security: undefined});
  });

  it.each([
    [
      'another system',
      {'etc/os-release': 'ID=fedora\n', 'etc/apt/sources.list': 'deb http://mirror.example/debian sid main'},
    ],
    [
      'a system like Debian',
      {
        'etc/os-release': 'ID=ubuntu\nID_LIKE=debian\n',
        'etc/apt/sources.list': 'deb http://mirror.example/debian sid main',
      },
    ],
    ['a Debian without sources', debian],
    ['a machine without a name', {}],
  ])('finds none on %s', async (_, files) => {
    await using dir = await tempDir();
    expect(await (await having(dir, files)).mirrors()).toBeUndefined();
  });
});

describe('whereIs', () => {
  it('looks in the PATH first, then where root would, for what may be executed', async () => {
    await using dir = await tempDir();
    const names = ['opt/bin/a', 'usr/bin/a', 'usr/bin/b', 'usr/sbin/c', 'home/d'];
    const machine = await having(dir, Object.fromEntries(names.map((name) => [name, ''])));
    for (const name of ['usr/bin/a', 'usr/bin/b', 'usr/sbin/c', 'home/d']) await chmod(dir.join(name), 0o755);
    const found = await Promise.all(['a', 'b', 'c', 'd'].map((name) => machine.whereIs(name)));
    expect(found).toEqual(['/usr/bin/a', '/usr/bin/b', '/usr/sbin/c', undefined]);
  });
});

describe('lacksCapabilities', () => {
  it.each([
    ['000001ffffffffff', '40', false],
    ['000001fffffffffe', '40', true],
    ['00000000a80425fb', '40', true],
    // More bits than the kernel knows say nothing.
    ['ffffffffffffffff', '40', false],
    ['0000003fffffffff', '37', false],
  ])('of %s with the last one %s: %j', async (bounding, last, lacks) => {
    await using dir = await tempDir();
    const machine = await having(dir, {
      'proc/self/status': `Name:\tnode\nCapEff:\t0000000000000000\nCapBnd:\t${bounding}\n`,
      'proc/sys/kernel/cap_last_cap': `${last}\n`,
    });
    expect(await machine.lacksCapabilities()).toBe(lacks);
  });

  it('does not complain if it cannot tell', async () => {
    await using dir = await tempDir();
    expect(await (await having(dir, {})).lacksCapabilities()).toBe(false);
  });
});

describe('cgroupMode', () => {
  it.each([
    ['v2', 'cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n'],
    ['v1', 'tmpfs /sys/fs/cgroup tmpfs ro 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n'],
    [
      'v1, hybrid',
      'cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n',
    ],
    ['none', 'proc /proc proc rw 0 0\n'],
  ])('is %s', async (mode, mounts) => {
    await using dir = await tempDir();
    expect(await (await having(dir, {'proc/self/mounts': mounts})).cgroupMode()).toBe(mode);
  });
});

describe('this machine', () => {
  it('has room for a directory that does not exist yet', async () => {
    await using dir = await tempDir();
    const [here, below] = [await machineAt().roomAt(dir.path), await machineAt().roomAt(dir.join('a/b/c'))];
    expect(below.disk).toBeGreaterThan(0);
    expect(below.disk / here.disk).toBeCloseTo(1, 1);
    expect(below.memory).toBeGreaterThan(0);
    expect(below.cores).toBeGreaterThan(0);
  });

  it('tries whether a directory is writable, and leaves nothing', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('file'), '');
    const machine = machineAt();
    expect(await machine.whyNotWritable(dir.join('a/b'))).toBeUndefined();
    expect(await machine.whyNotWritable(dir.join('file/below'))).toMatch(/^ENOTDIR: /);
    // Root has the permission for this one.
    expect(await machine.whyNotWritable('/proc/nope/kni-demo')).toMatch(/^ENOENT: /);
    expect(await readdir(dir.path)).toEqual(['file']);
  });

  it('reports its other properties', async () => {
    await using dir = await tempDir();
    expect(await machineAt().whereIs('sh')).toMatch(/\/sh$/);
    expect(await machineAt({root: dir.path}).hasSystemd()).toBe(false);
    await mkdir(dir.join('run/systemd/system'), {recursive: true});
    expect(await machineAt({root: dir.path}).hasSystemd()).toBe(true);
    const few = await having(dir, {'proc/sys/fs/inotify/max_user_instances': '128\n'});
    expect(await few.inotifyInstances()).toBe(128);
  });
});
