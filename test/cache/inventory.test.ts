import {existsSync} from 'node:fs';
import {mkdir, symlink, writeFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {artifactPath, publish} from '../../src/cache/artifact.ts';
import {type Dirs, dirsOf} from '../../src/cache/dirs.ts';
import {listCache, pruneArtifacts, removeDirectory} from '../../src/cache/inventory.ts';
import {scratchPath} from '../../src/cache/scratch.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const dirsIn = (dir: TempDir): Dirs => dirsOf({}, dir.path);

const make = async (dirs: Dirs, name: string, digit: string, bytes = 0): Promise<string> => {
  const path = artifactPath(dirs, name, digit.repeat(64));
  await publish(path, (scratch) => writeFile(join(scratch, 'content'), Buffer.alloc(bytes)));
  return path;
};

describe('listCache', () => {
  it('returns an empty list without a cache', async () => {
    await using dir = await tempDir();
    expect(await listCache(dirsIn(dir))).toEqual([]);
  });

  it('lists artifacts and all other entries, with sizes', async () => {
    await using dir = await tempDir();
    const dirs = dirsIn(dir);
    const large = await make(dirs, 'kubelet', 'a', 1_000_000);
    const small = await make(dirs, 'shim', 'b', 1);
    await mkdir(join(dirs.cache, 'go-build'));
    const kept = await listCache(dirs);
    expect(kept.map(({path}) => path)).toEqual([large, small, join(dirs.cache, 'go-build')]);
    expect(kept[0]?.bytes).toBeGreaterThanOrEqual(1_000_000);
    expect(kept[1]?.bytes).toBeLessThan(100_000);
  });

  it('does not follow links out of the cache', async () => {
    await using dir = await tempDir();
    const dirs = dirsIn(dir);
    await writeFile(dir.join('large'), Buffer.alloc(1_000_000));
    await mkdir(dirs.cache, {recursive: true});
    await symlink(dir.join('large'), join(dirs.cache, 'link'));
    expect((await listCache(dirs))[0]?.bytes).toBeLessThan(10_000);
  });
});

describe('removeDirectory', () => {
  it('removes the cache, and nothing beside it', async () => {
    await using dir = await tempDir();
    const dirs = dirsIn(dir);
    await make(dirs, 'kubelet', 'a');
    await mkdir(dirs.logs, {recursive: true});
    await removeDirectory(dirs.cache);
    await removeDirectory(dirs.cache);
    expect(existsSync(dirs.cache)).toBe(false);
    expect(existsSync(dirs.logs)).toBe(true);
  });
});

describe('pruneArtifacts', () => {
  it('removes only artifacts that current ones replace', async () => {
    await using dir = await tempDir();
    const dirs = dirsIn(dir);
    const old = [await make(dirs, 'kubelet', 'a'), await make(dirs, 'kubelet', 'b')];
    const current = await make(dirs, 'kubelet', 'c');
    const others = [await make(dirs, 'kubelet-tools', 'a'), await make(dirs, 'containerd', 'a')];
    const scratch = scratchPath(current);
    await mkdir(scratch);

    const removed = await pruneArtifacts([current]);
    expect(removed.map(({path}) => path)).toEqual(old);
    expect(
      [...old, current, ...others, scratch].filter((path) => existsSync(path)).map((path) => basename(path)),
    ).toEqual([current, ...others, scratch].map((path) => basename(path)));
  });

  it('keeps every current artifact, also of one name', async () => {
    await using dir = await tempDir();
    const dirs = dirsIn(dir);
    const both = [await make(dirs, 'kubelet', 'a'), await make(dirs, 'kubelet', 'b')];
    expect(await pruneArtifacts(both)).toEqual([]);
  });

  it('has nothing to do if nothing was made yet', async () => {
    await using dir = await tempDir();
    expect(await pruneArtifacts([artifactPath(dirsIn(dir), 'kubelet', 'a'.repeat(64))])).toEqual([]);
  });
});
