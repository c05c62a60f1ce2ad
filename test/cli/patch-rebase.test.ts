import {existsSync} from 'node:fs';
import {mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../src/exit-codes.ts';
import {CommandError} from '../../src/host/command-error.ts';
import type {Host} from '../../src/host/host.ts';
import {localHost} from '../../src/host/process.ts';
import {project} from '../../src/project.ts';
import {hasPatch} from '../patches/gnu-patch.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {cacheSource, changed, inserted, type Tree, treeFor, writeTree} from '../rig/patched-source.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const kubelet = 'pkg/kubelet/kubelet.go';
const helpers = 'pkg/kubelet/cm/helpers_linux.go';
const first = '0001-kubelet-keep-the-shortest-cgroup-mount-point.patch';
const second = '0002-kubelet-get-pod-networks-over-KNI.patch';
const third = '0003-kubelet-remove-the-sandboxes-of-a-deleted-pod.patch';
const series = join(project.patches, 'bookworm/kubernetes');
const ours = (name: string) => readFile(join(series, name), 'latin1');

const contents = async (directory: string): Promise<Tree> => {
  const entries = await readdir(directory, {recursive: true, withFileTypes: true});
  const files = entries.filter((entry) => entry.isFile());
  return new Map(
    await Promise.all(
      files.map(async ({parentPath, name}) => {
        const path = join(parentPath, name);
        return [path.slice(directory.length + 1), await readFile(path, 'latin1')] as const;
      }),
    ),
  );
};

const hostWithout = (programs: readonly string[]): Host => ({
  run(command, options) {
    if (programs.includes(command[0])) throw new CommandError(command, {reason: 'not found'});
    return localHost().run(command, options);
  },
});

/** Rebases the patches of Kubernetes onto a tree that they fit, except for a change. */
const rebase = async (
  dir: TempDir,
  change: (tree: Tree) => Tree,
  {isCached = false, args = []}: {isCached?: boolean; args?: readonly string[]} = {},
) => {
  const fitting = await treeFor('kubernetes');
  const tree = change(fitting);
  await writeTree(dir.join('new'), tree);
  if (isCached) await cacheSource(dir, 'kubernetes', fitting);
  const host = hostWithout(isCached ? [] : ['tar']);
  const command = [
    'patch',
    'rebase',
    '--component',
    'kubernetes',
    '--onto',
    dir.join('new'),
    '--output',
    dir.join('out'),
  ];
  const ended = await cli(dir, [...command, ...args], {host});
  expect(await contents(dir.join('new'))).toEqual(tree);
  expect((await readdir(dir.path)).filter((name) => name.startsWith('.'))).toEqual([]);
  const out = existsSync(dir.join('out')) ? await contents(dir.join('out')) : new Map<string, string>();
  return {...ended, out};
};

describe('patch rebase', () => {
  it('leaves an unchanged series identical, byte for byte', async () => {
    await using dir = await tempDir();
    const {code, stdout, stderr, out} = await rebase(dir, (tree) => tree);
    expect({code, stderr}).toEqual({code: 0, stderr: ''});
    expect(out).toEqual(
      new Map([
        [first, await ours(first)],
        [second, await ours(second)],
        [third, await ours(third)],
      ]),
    );
    expect(stdout).toMatch(/\n(\d+) of \1 hunks rebased into \S+\/out, 0 of them doubtful\n$/);
  });

  it.skipIf(!hasPatch)('writes patches that apply to the new release without fuzz or offset', async () => {
    await using dir = await tempDir();
    const {code, stdout, out} = await rebase(dir, (tree) =>
      changed(changed(tree, kubelet, inserted(1, 'a', 'b', 'c')), helpers, (text) =>
        text.split('\n').with(202, 'another line').join('\n'),
      ),
    );
    expect(code).toBe(0);
    expect(stdout).toContain('@@ -203,6 +203,10 @@  fits at line 203, with fuzz 1: check it\n');
    expect(stdout).toMatch(/fits at line 79, offset 3\n/);
    expect(stdout).toContain(', 1 of them doubtful\n');
    expect([...out.keys()].sort()).toEqual([first, second, third]);
    const header = (text = ''): string => text.slice(0, text.indexOf('diff --git '));
    for (const name of [first, second, third]) {
      expect(header(out.get(name))).toBe(header(await ours(name)));
      const args = ['-d', dir.join('new'), '-p1', '--fuzz=0', '-i', dir.join('out', name)];
      const {stdout: said} = await localHost().run(['patch', args]);
      expect(said).not.toMatch(/offset|fuzz/);
    }
  });

  const conflict = (tree: Tree): Tree =>
    changed(tree, helpers, (text) => text.split('\n').with(204, 'one').with(205, 'another').join('\n'));

  it('reports each rejected hunk, the reason, and the most similar lines', async () => {
    await using dir = await tempDir();
    const {code, stdout, stderr, out} = await rebase(dir, conflict);
    expect(code).toBe(exitCodes.failed);
    expect(stdout).toContain('`kni-demo patch check` fetches it');
    expect(stdout).toMatch(/^ {6}@@ -203,6 \+203,10 @@ {2}rejected: line 205 is "one", expected /m);
    expect(stderr).toMatch(
      /^error: cannot rebase all patches of kubernetes: 1 of \d+ hunks were rejected\ntry: {3}read \S+\/out\/rejected\.txt, [^\n]+\n$/,
    );
    expect([...out.keys()].sort()).toEqual([`${first}.rej`, second, third, 'rejected.txt']);
    expect(out.get(`${first}.rej`)).toBe(await ours(first));
    const report = out.get('rejected.txt') ?? '';
    expect(report).toContain(`${first}: ${helpers}: @@ -203,6 +203,10 @@\n===`);
    expect(report).toContain('\nexpected, from line 203:\n   203   | \tmountPoints');
    expect(report).toContain(
      `\nclosest, 4 of 6 lines, the others are marked !: ${helpers}, from line 203:\n`,
    );
    expect(report).toMatch(/\n {3}204 {3}\| .*\n {3}205 ! \| one\n {3}206 ! \| another\n {3}207 {3}\| /);
  });

  it('finds a file that was moved', async () => {
    await using dir = await tempDir();
    const {code, out} = await rebase(dir, (tree) =>
      changed(
        changed(
          changed(tree, 'internal/cm/helpers_linux.go', () => tree.get(helpers)),
          helpers,
          () => undefined,
        ),
        'vendor/other/helpers_linux.go',
        () => tree.get(helpers),
      ),
    );
    expect(code).toBe(exitCodes.failed);
    const report = out.get('rejected.txt') ?? '';
    expect(report).toContain('\nwhy: no such file\n');
    expect(report).toContain(
      'closest, 6 of 6 lines, the others are marked !: internal/cm/helpers_linux.go, from line 203:',
    );
    expect(report).not.toContain('vendor');
  });

  it.skipIf(!existsSync('/usr/bin/xz'))(
    'asks the pinned source for a merge where that is in the cache, and keeps nothing of it',
    async () => {
      await using dir = await tempDir();
      const {code, stdout} = await rebase(dir, conflict, {isCached: true});
      expect(code).toBe(exitCodes.failed);
      expect(stdout).not.toContain('fetches it');
      expect((await readdir(dir.join('cache/kni-demo/artifacts'))).length).toBe(1);
    },
  );

  it('accepts an existing empty directory', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('out'));
    const {code, out} = await rebase(dir, (tree) => tree);
    expect(code).toBe(0);
    expect(out.size).toBe(3);
  });

  it('writes nothing when it is cancelled', async () => {
    await using dir = await tempDir();
    await writeTree(dir.join('new'), await treeFor('kubernetes'));
    const args = [
      'patch',
      'rebase',
      '--component',
      'kubernetes',
      '--onto',
      dir.join('new'),
      '--output',
      dir.join('out'),
    ];
    expect(await cli(dir, args, {signal: AbortSignal.abort()})).toMatchObject({code: exitCodes.cancelled});
    expect((await readdir(dir.path)).sort()).toEqual(['new']);
  });
});

describe('patch rebase refuses', () => {
  it('a machine without patch and git, in one clear message', async () => {
    await using dir = await tempDir();
    await writeTree(dir.join('new'), await treeFor('kubernetes'));
    const args = ['--component', 'kubernetes', '--onto', dir.join('new'), '--output', dir.join('out')];
    const host = hostOf(() => '[not found]');
    const {code, stderr} = await cli(dir, ['patch', 'rebase', '--stack', 'bookworm', ...args], {host});
    expect(code).toBe(exitCodes.hostLacks);
    expect(stderr).toMatch(/: not installed: patch, git\ntry: {3}[^\n]+apt-get install patch git\n$/);
    expect(existsSync(dir.join('out'))).toBe(false);
  });

  it.each([
    ['new/nothing', 'out', 'no such directory'],
    ['new/go.mod', 'out', 'it is not a directory'],
    ['new/go.mod/below', 'out', 'no such directory'],
    ['other', 'out', "its go.mod is not kubernetes's"],
    ['empty', 'out', 'it has no go.mod'],
    ['new', 'full', 'it is not empty'],
    ['new', 'full/file', 'not a directory'],
    ['new', 'new', 'which is only read'],
    ['new', 'new/..out', 'which is only read'],
  ])('--onto %s --output %s, in one clear line', async (onto, output, why) => {
    await using dir = await tempDir();
    await writeTree(dir.join('new'), new Map([['go.mod', 'module k8s.io/kubernetes\n']]));
    await writeTree(dir.join('other'), new Map([['go.mod', 'module github.com/containerd/containerd\n']]));
    await mkdir(dir.join('empty'));
    await mkdir(dir.join('full'));
    await writeFile(dir.join('full/file'), 'x');
    const before = await readdir(dir.path, {recursive: true});
    const args = ['--component', 'kubernetes', '--onto', dir.join(onto), '--output', dir.join(output)];
    const {code, stdout, stderr} = await cli(dir, ['patch', 'rebase', '--stack', 'bookworm', ...args]);
    expect({code, stdout}).toEqual({code: exitCodes.badInput, stdout: ''});
    expect(stderr).toMatch(/^error: [^\n]+: [^\n]+\ntry: {3}[^\n]+\n$/);
    expect(stderr).toContain(why);
    expect(await readdir(dir.path, {recursive: true})).toEqual(before);
  });
});
