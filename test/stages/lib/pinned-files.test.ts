import {existsSync} from 'node:fs';
import {mkdir, readdir} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {dirsOf} from '../../../src/cache/dirs.ts';
import {UserError} from '../../../src/errors.ts';
import {localHost} from '../../../src/host/process.ts';
import {parsePatch} from '../../../src/patches/patch-file.ts';
import {pinnedFiles} from '../../../src/stages/lib/pinned-files.ts';
import {envOf, rejection} from '../../rig/demo.ts';
import {writeTree} from '../../rig/patched-source.ts';
import {type TempDir, tempDir} from '../../rig/temp-dir.ts';

const patch = (path: string, from: string, to: string): string =>
  `--- a/${path}\n+++ b/${path}\n@@ -1 +1 @@\n-${from}\n+${to}\n`;
const series = ['main.go', '-odd [name]*', 'none.go'].map((path) =>
  parsePatch('0001-a.patch', patch(path, 'debian', 'ours')),
);

const tar = (...args: readonly string[]) => localHost().run(['tar', args]);
const read = (dir: TempDir, signal = new AbortController().signal) =>
  pinnedFiles(series, {source: dir.join('source'), signal}, {dirs: dirsOf(envOf(dir)), host: localHost()});

const tree = new Map([
  ['main.go', 'upstream\n'],
  ['-odd [name]*', 'odd\n'],
  ['untouched.go', 'x\n'],
  ['below/main.go', 'another\n'],
]);

describe.skipIf(!existsSync('/usr/bin/xz'))('the files of a pinned source', () => {
  const packDebian = async (dir: TempDir): Promise<void> => {
    await writeTree(dir.join('it-1.0'), tree);
    await writeTree(
      dir.join('debian/patches'),
      new Map([
        ['series', 'fix.patch\n'],
        ['fix.patch', patch('main.go', 'upstream', 'debian')],
      ]),
    );
    await mkdir(dir.join('source'));
    await tar('-C', dir.path, '-caf', dir.join('source/it_1.0.orig.tar.gz'), 'it-1.0');
    await tar('-C', dir.path, '-caf', dir.join('source/it_1.0-1.debian.tar.xz'), 'debian');
  };

  it("are those that patches touch, with Debian's applied, and nothing else is kept of it", async () => {
    await using dir = await tempDir();
    await packDebian(dir);
    const {files, debian} = await read(dir);
    expect(files).toEqual(
      new Map([
        ['main.go', 'debian\n'],
        ['-odd [name]*', 'odd\n'],
        ['none.go', undefined],
      ]),
    );
    expect(debian).toMatchObject([{name: 'fix.patch', files: [{path: 'main.go'}]}]);
    expect(await readdir(dir.join('cache/kni-demo/artifacts'))).toEqual([]);
  });

  it.each(['.', '*'])('may be in one tarball of the whole tree, packed as %s', async (what) => {
    await using dir = await tempDir();
    await writeTree(dir.join('it'), tree);
    await mkdir(dir.join('source'));
    const names =
      what === '.' ? ['.'] : [...new Set([...tree.keys()].map((path) => path.split('/')[0] ?? ''))];
    await tar('-C', dir.join('it'), '-cf', dir.join('source/tree.tar'), '--', ...names);
    const {files, debian} = await read(dir);
    expect(files.get('main.go')).toBe('upstream\n');
    expect(files.get('-odd [name]*')).toBe('odd\n');
    expect(debian).toEqual([]);
  });

  it.each(['orig', 'debian'])('are incomplete without the tarball %s', async (kind) => {
    await using dir = await tempDir();
    await packDebian(dir);
    await localHost().run(['sh', ['-c', `rm "$1"/*.${kind}.tar.*`, 'sh', dir.join('source')]]);
    expect((await rejection(read(dir), UserError)).why).toBe(`*.${kind}.tar.* is missing`);
    expect(await readdir(dir.join('cache/kni-demo/artifacts'))).toEqual([]);
  });

  it('leave nothing behind when it is cancelled', async () => {
    await using dir = await tempDir();
    await packDebian(dir);
    await expect(read(dir, AbortSignal.abort())).rejects.toThrow('cancelled');
    expect(await readdir(dir.join('cache/kni-demo/artifacts'))).toEqual([]);
  });
});
