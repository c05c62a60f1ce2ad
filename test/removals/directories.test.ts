import {access, mkdir, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {markDirectories} from '../../src/cache/marker.ts';
import {UserError} from '../../src/errors.ts';
import {directoryRemovals} from '../../src/removals/directories.ts';
import {rejection} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';
import {dirsIn, removalOptions} from '../rig/removals.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const removalsIn = async (dir: TempDir) => {
  using host = fakeHost();
  return await directoryRemovals({host, dirs: dirsIn(dir)}, removalOptions());
};

describe('directoryRemovals', () => {
  it('removes the cache and the state', async () => {
    await using dir = await tempDir();
    const dirs = dirsIn(dir);
    await markDirectories(dirs);
    await mkdir(`${dirs.cache}/go-build`);
    await writeFile(`${dirs.cache}/go-build/a`, Buffer.alloc(3 * 2 ** 20));
    const removals = await removalsIn(dir);
    expect(removals.map(({what}) => what)).toEqual([
      `the cache ${dirs.cache}, 3 MB`,
      `logs and state in ${dirs.state}`,
    ]);
    for (const {remove} of removals) await remove();
    for (const path of [dirs.cache, dirs.state]) await expect(access(path)).rejects.toThrow('ENOENT');
  });

  it('lists nothing when neither exists', async () => {
    await using dir = await tempDir();
    expect(await removalsIn(dir)).toEqual([]);
  });

  it.each(['cache', 'state'] as const)('refuses a %s directory without our marker', async (kind) => {
    await using dir = await tempDir();
    await mkdir(dirsIn(dir)[kind], {recursive: true});
    await writeFile(`${dirsIn(dir)[kind]}/photo`, '');
    expect((await rejection(removalsIn(dir), UserError)).what).toContain(`the ${kind} directory`);
  });
});
