import {mkdir, readdir, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {markDirectories, markerName, requireOurDirectory} from '../../src/cache/marker.ts';
import {UserError} from '../../src/errors.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {envOf, rejection} from '../rig/demo.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const dirsIn = (dir: TempDir) => dirsOf(envOf(dir));
const fill = async (directory: string, ...names: readonly string[]): Promise<void> => {
  for (const name of names) await mkdir(join(directory, name), {recursive: true});
};

describe('the marker file', () => {
  it('is written into new directories, and stays', async () => {
    await using dir = await tempDir();
    const dirs = dirsIn(dir);
    await markDirectories(dirs);
    await fill(dirs.cache, 'something-of-a-later-version');
    await markDirectories(dirs);
    for (const kind of ['cache', 'state'] as const) {
      expect(await readdir(dirs[kind])).toContain(markerName);
      await requireOurDirectory(dirs, kind);
    }
  });

  it('is written into a cache that holds the lock of the running command only', async () => {
    await using dir = await tempDir();
    const dirs = dirsIn(dir);
    await mkdir(dirs.cache, {recursive: true});
    await writeFile(join(dirs.cache, 'lock'), '{}');
    await markDirectories(dirs);
    expect((await readdir(dirs.cache)).sort()).toEqual([markerName, 'lock']);
  });

  it('is written into directories that kni-demo 0.1.0 made, which are ours also without it', async () => {
    await using dir = await tempDir();
    const dirs = dirsIn(dir);
    await fill(
      dirs.cache,
      'apt/trixie',
      'artifacts/kubelet-0123456789abcdef',
      'go-build/ab',
      'go-build-runtime/ab',
      'tools/kind',
      'test/x',
    );
    await fill(dirs.state, 'clusters/test1', 'logs/build', 'logs/verify');
    for (const kind of ['cache', 'state'] as const) await requireOurDirectory(dirs, kind);
    await markDirectories(dirs);
    for (const kind of ['cache', 'state'] as const) expect(await readdir(dirs[kind])).toContain(markerName);
  });

  it.each([
    ['other things', ['artifacts', 'photos']],
    ['tests only', ['test']],
    ['other artifacts', ['artifacts/report.pdf']],
    ['a name that every object has', ['constructor']],
  ])('is not written into a directory with %s, which is not ours', async (_, names) => {
    await using dir = await tempDir();
    const dirs = dirsIn(dir);
    await fill(dirs.cache, ...names);
    await markDirectories(dirs);
    expect(await readdir(dirs.cache)).not.toContain(markerName);
    expect(await rejection(requireOurDirectory(dirs, 'cache'), UserError)).toMatchObject({
      what: `cannot remove the cache directory ${dirs.cache}`,
      why: expect.stringContaining('kni-demo did not make it: it has no file .kni-demo, and it contains '),
      exitCode: exitCodes.badInput,
    });
  });

  it('does not allow the removal of a symbolic link, which would remove only the link', async () => {
    await using dir = await tempDir();
    const dirs = dirsIn(dir);
    await fill(dir.path, 'large', 'cache');
    await writeFile(dir.join('large', markerName), '');
    await symlink(dir.join('large'), dirs.cache);
    expect((await rejection(requireOurDirectory(dirs, 'cache'), UserError)).why).toBe(
      `it is a symbolic link to ${dir.join('large')}, and only the link would be removed`,
    );
  });
});
