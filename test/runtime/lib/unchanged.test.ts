import {mkdir, rename, rm, symlink, utimes, writeFile} from 'node:fs/promises';
import {setTimeout as delay} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {createReadPaths} from '../../../runtime/src/lib/unchanged.ts';
import {tempDir} from '../../rig/temp-dir.ts';

/** Longer than the age at which a change counts as settled. */
const settled = () => delay(150);

/** A file of one letter in a directory, both unchanged for a while, and both read. */
const rig = async () => {
  const dir = await tempDir();
  const file = dir.join('file');
  await writeFile(file, 'a');
  await settled();
  const read = () => {
    const paths = createReadPaths();
    for (const path of [dir.path, file, dir.join('missing')]) paths.add(path);
    return paths;
  };
  return {dir, file, read, [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose]()};
};

describe('paths that were read', () => {
  it('are unchanged while nothing happens to them', async () => {
    await using at = await rig();
    const paths = at.read();
    await settled();
    expect(paths.areUnchanged()).toBe(true);
    await mkdir(at.dir.join('other'));
    expect(paths.areUnchanged()).toBe(false);
  });

  it.each<[string, (file: string, dir: string) => Promise<void>]>([
    ['written with as many bytes', (file) => writeFile(file, 'b')],
    [
      'written, and dated back',
      async (file) => {
        await writeFile(file, 'b');
        await utimes(file, 1, 1);
      },
    ],
    [
      'replaced by another file',
      async (file) => {
        await writeFile(`${file}.tmp`, 'a');
        await rename(`${file}.tmp`, file);
      },
    ],
    ['removed', (file) => rm(file)],
    ['created', (_, dir) => writeFile(`${dir}/missing`, '')],
    ['created as a dangling link', (_, dir) => symlink('nowhere', `${dir}/missing`)],
  ])('are changed when one of them is %s', async (_, change) => {
    await using at = await rig();
    const paths = at.read();
    expect(paths.areUnchanged()).toBe(true);
    await change(at.file, at.dir.path);
    expect(paths.areUnchanged()).toBe(false);
  });

  it('are in doubt when one of them changed just before: the next change may get the same timestamp', async () => {
    await using at = await rig();
    await writeFile(at.file, 'b');
    const paths = at.read();
    expect(paths.areUnchanged()).toBe(false);
    await settled();
    expect(paths.areUnchanged()).toBe(false);
    expect(at.read().areUnchanged()).toBe(true);
  });

  it('are in doubt for longer when the file system stores whole seconds only', async () => {
    await using at = await rig();
    const second = Math.floor(Date.now() / 1000) + 1; // later than the change time, so that it decides
    await utimes(at.file, second, second);
    await delay(second * 1000 + 300 - Date.now());
    expect(at.read().areUnchanged()).toBe(false);
    await delay(2000);
    expect(at.read().areUnchanged()).toBe(true);
  });
});
