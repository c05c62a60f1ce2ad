import {existsSync} from 'node:fs';
import {readdir} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../src/exit-codes.ts';
import {CommandError} from '../../src/host/command-error.ts';
import type {Host} from '../../src/host/host.ts';
import {localHost} from '../../src/host/process.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {cacheSource, changed, inserted, type Tree, treeFor} from '../rig/patched-source.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const kubelet = 'pkg/kubelet/kubelet.go';
const helpers = 'pkg/kubelet/cm/helpers_linux.go';
const first = '0001-kubelet-keep-the-shortest-cgroup-mount-point.patch';
const second = '0002-kubelet-get-pod-networks-over-KNI.patch';
const third = '0003-kubelet-remove-the-sandboxes-of-a-deleted-pod.patch';

interface Sources {
  readonly kubernetes?: (tree: Tree) => Tree;
  readonly debian?: Readonly<Record<string, string>>;
}

/** The command with sources in the cache that fit, but for a change; it may start tar and patch only. */
const check = async (
  dir: TempDir,
  {kubernetes = (tree) => tree, debian}: Sources,
  ...args: readonly string[]
) => {
  await cacheSource(dir, 'kubernetes', kubernetes(await treeFor('kubernetes')), debian);
  await cacheSource(dir, 'containerd', await treeFor('containerd'));
  const host: Host = {
    run(command, options) {
      expect(['tar', 'patch']).toContain(command[0]);
      return localHost().run(command, options);
    },
  };
  const list = () => readdir(dir.join('cache'), {recursive: true});
  const before = await list();
  const ended = await cli(dir, ['patch', 'check', '--stack', 'bookworm', ...args], {host});
  expect(await list()).toEqual(before);
  expect(existsSync(dir.join('state'))).toBe(false);
  return ended;
};

const linesAbout = (stdout: string, path: string): readonly string[] => {
  const lines = stdout.split('\n');
  const from = lines.findIndex((line) => line.trim().startsWith(path));
  const rest = lines.slice(from + 1);
  const end = rest.findIndex((line) => !line.startsWith('      '));
  return [lines[from] ?? '', ...rest.slice(0, end)];
};

describe.skipIf(!existsSync('/usr/bin/xz'))('patch check', () => {
  it('reports where every hunk applies', async () => {
    await using dir = await tempDir();
    const {code, stdout, stderr} = await check(dir, {});
    expect({code, stderr}).toEqual({code: 0, stderr: ''});
    expect(stdout).toContain(`kubernetes 1.20.5+really1.20.2-1.1+deb12u1\n+ ${first}\n`);
    expect(stdout).toMatch(new RegExp(`^\\+ ${second}$`, 'm'));
    expect(linesAbout(stdout, kubelet)[1]).toMatch(/^ {6}@@ -\d+,\d+ \+\d+,\d+ @@ +applied at line \d+$/);
    expect(stdout).toMatch(/\nall \d+ hunks of 5 patches apply as `kni-demo up` applies them\n$/);
  });

  it('accepts moved lines, as `up` does', async () => {
    await using dir = await tempDir();
    const {code, stdout} = await check(dir, {
      kubernetes: (tree) => changed(tree, helpers, inserted(1, 'a', 'b')),
    });
    expect(code).toBe(0);
    expect(linesAbout(stdout, helpers)).toEqual([
      `    ${helpers}`,
      '      @@ -203,6 +203,10 @@  applied at line 205, offset 2',
    ]);
  });

  it('reports hunks that need fuzz, which `up` refuses', async () => {
    await using dir = await tempDir();
    const {code, stdout, stderr} = await check(dir, {
      kubernetes: (tree) =>
        changed(tree, helpers, (text) => text.split('\n').with(202, 'another line').join('\n')),
    });
    expect(code).toBe(exitCodes.failed);
    expect(stdout).toMatch(new RegExp(`^! ${first}$`, 'm'));
    expect(linesAbout(stdout, helpers)[1]).toBe(
      '      @@ -203,6 +203,10 @@  applied at line 203, with fuzz 1, which `up` refuses',
    );
    expect(stderr).toMatch(
      /^error: [^\n]+: of \d+ hunks, 0 fail and 1 apply only with fuzz\ntry: {3}correct /,
    );
  });

  it('names the stack that it chose itself', async () => {
    await using dir = await tempDir();
    const other = changed(await treeFor('kubernetes'), helpers, () => 'package cm\n');
    await cacheSource(dir, 'kubernetes', other);
    await cacheSource(dir, 'containerd', await treeFor('containerd'));
    const host: Host = {
      // No cluster decides about the stack.
      run: async (command, options) =>
        command[0] === 'docker' ? {stdout: '', stderr: ''} : localHost().run(command, options),
    };
    const {code, stderr} = await cli(dir, ['patch', 'check'], {host});
    expect(code).toBe(exitCodes.failed);
    expect(stderr).toContain('error: the patches of stack bookworm do not apply');
  });

  it('says why a hunk fails, and tries those after it', async () => {
    await using dir = await tempDir();
    const {code, stdout, stderr} = await check(dir, {
      kubernetes: (tree) =>
        changed(tree, helpers, (text) => text.split('\n').with(204, 'one').with(205, 'another').join('\n')),
    });
    expect(code).toBe(exitCodes.failed);
    expect(stdout).toMatch(new RegExp(`^- ${first}$`, 'm'));
    expect(linesAbout(stdout, helpers)[1]).toMatch(
      /^ {6}@@ -203,6 \+203,10 @@ {2}failed: line 205 is "one", expected ".+"; 4 of 6 lines are at line 203$/,
    );
    expect(stdout).toMatch(new RegExp(`^\\+ ${second}, tried on the result of the patches before it$`, 'm'));
    expect(stderr).toContain('of ');
    expect(stderr.split('\n').filter((line) => line.startsWith('error:'))).toHaveLength(1);
  });

  it.each([
    ['no such file', (): undefined => undefined],
    ['the file has no similar lines', () => 'package cm\n'],
  ])('reports that %s', async (why, change) => {
    await using dir = await tempDir();
    const {code, stdout} = await check(dir, {kubernetes: (tree) => changed(tree, helpers, change)});
    expect(code).toBe(exitCodes.failed);
    expect(linesAbout(stdout, helpers).join('\n')).toContain(why);
  });

  it("applies Debian's patches first, and reports the one that fails", async () => {
    await using dir = await tempDir();
    const head = `--- kubernetes.orig/${helpers}\n+++ kubernetes/${helpers}\n`;
    const fine = `${head}@@ -1,0 +2,2 @@\n+// one\n+// two\n`;
    const {code, stdout} = await check(dir, {debian: {'fine.patch': fine}});
    expect(code).toBe(0);
    expect(stdout).toContain("+ Debian's series: 1 patches, 1 hunks\n");
    expect(linesAbout(stdout, helpers)[1]).toContain('offset 2');

    await using other = await tempDir();
    const bad = await check(other, {debian: {'bad.patch': `${head}@@ -1 +1 @@\n-what is not there\n+x\n`}});
    expect(bad.code).toBe(exitCodes.failed);
    expect(bad.stdout).toMatch(/^- Debian's bad\.patch$/m);
  });

  it('prints the same facts as JSON', async () => {
    await using dir = await tempDir();
    const {code, stdout} = await check(
      dir,
      {kubernetes: (tree) => changed(tree, helpers, inserted(204, 'x'))},
      '--json',
    );
    expect(code).toBe(exitCodes.failed);
    const [kubernetes, containerd] = stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(containerd).toMatchObject({component: 'containerd', ok: true, debian: []});
    expect(kubernetes).toMatchObject({
      component: 'kubernetes',
      ok: false,
      patches: [
        {
          name: first,
          files: [
            {
              path: helpers,
              hunks: [
                {
                  title: '@@ -203,6 +203,10 @@',
                  result: {kind: 'applied', line: 204, offset: 1, fuzz: expect.any(Number)},
                },
              ],
            },
          ],
        },
        {name: second, files: [{path: kubelet, hunks: [{result: {kind: 'applied', fuzz: 0}}, {}]}]},
        {name: third, files: [{hunks: [{result: {kind: 'applied', fuzz: 0}}]}]},
      ],
    });
  });

  it('needs patch(1)', async () => {
    await using dir = await tempDir();
    const {code, stderr} = await cli(dir, ['patch', 'check', '--stack', 'bookworm'], {
      host: hostOf(() => '[not found]'),
    });
    expect(code).toBe(exitCodes.hostLacks);
    expect(stderr).toMatch(/^error: [^\n]+: not installed: patch\ntry: {3}[^\n]+ apt-get install patch\n$/);
  });

  it('has the requirements of `up` when sources must be downloaded', async () => {
    await using dir = await tempDir();
    const {code, stdout, stderr} = await cli(dir, ['patch', 'check', '--stack', 'bookworm'], {
      host: hostOf((line) => (line.startsWith('patch') ? '' : '[not found]')),
    });
    expect({code, stdout}).toEqual({code: exitCodes.hostLacks, stdout: ''});
    expect(stderr).toContain('this machine does not meet the requirements of the demo');
  });

  it.each([[[]], [['--json']]])('downloads by the tasks of up, with %j', async (flags) => {
    await using dir = await tempDir();
    const host = hostOf((line) => {
      if (line.startsWith('docker version')) return '26.1.5';
      if (line.startsWith('kind version')) return 'kind v0.27.0';
      return line.startsWith('docker run') ? '2> E: Failed to fetch it\n[exit code 100]' : '';
    });
    const {code, stdout, stderr} = await cli(dir, ['patch', 'check', '--stack', 'bookworm', ...flags], {
      host,
    });
    expect(code).toBe(exitCodes.failed);
    const [view, other] = flags.length === 0 ? [stdout, stderr] : [stderr, stdout];
    expect(view).toContain('Download the kubernetes sources');
    expect(view).toContain('a download failed');
    expect(host.ran.filter((line) => line.startsWith('docker run')).length).toBeGreaterThan(0);
    expect(host.ran.join()).not.toMatch(/docker build|prepare-tree/);
    // With --json, the error is the last line of standard output.
    expect(other).toMatch(flags.length === 0 ? /^$/ : /^\{"time":"[^\n]*"type":"error",[^\n]*\}\n$/);
  });

  it.each([
    ['tar', 'not found', ''],
    ['xz', 'exit code 2', 'tar (child): xz: Cannot exec: No such file or directory'],
  ])('says that it needs %s', async (program, reason, output) => {
    await using dir = await tempDir();
    for (const component of ['kubernetes', 'containerd'] as const)
      await cacheSource(dir, component, await treeFor(component));
    const host: Host = {
      run: (command) =>
        command[0] === 'patch'
          ? Promise.resolve({stdout: '', stderr: ''})
          : Promise.reject(new CommandError(command, {reason, output})),
    };
    const {code, stderr} = await cli(dir, ['patch', 'check', '--stack', 'bookworm'], {host});
    expect(code).toBe(exitCodes.hostLacks);
    expect(stderr).toMatch(
      new RegExp(`^error: cannot unpack the sources: ${program} is not installed\ntry: {3}install it`),
    );
  });
});
