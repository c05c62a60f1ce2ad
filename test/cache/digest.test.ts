import {createHash} from 'node:crypto';
import {chmod, mkdir, rename, rm, symlink, utimes, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {digestOfTree, sha256File} from '../../src/cache/digest.ts';
import {localHost} from '../../src/host/process.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

/** A small tree: two files, one in a folder, one that may be executed, a link. */
const plant = async (dir: TempDir): Promise<void> => {
  await mkdir(dir.join('folder'));
  await writeFile(dir.join('a.txt'), 'a');
  await writeFile(dir.join('folder', 'run.sh'), '#!/bin/sh\n', {mode: 0o755});
  await symlink('a.txt', dir.join('link'));
};

describe('sha256File', () => {
  it('equals the output of sha256sum', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('file'), Buffer.alloc(3_000_000, 'kni'));
    const {stdout} = await localHost().run(['sha256sum', [dir.join('file')]]);
    expect(await sha256File(dir.join('file'))).toBe(stdout.split(' ')[0]);
  });

  it('knows the empty file', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('empty'), '');
    expect(await sha256File(dir.join('empty'))).toBe(createHash('sha256').digest('hex'));
  });

  it('rejects for a missing file', async () => {
    await expect(sha256File('/no/such/file')).rejects.toMatchObject({code: 'ENOENT'});
  });
});

describe('digestOfTree', () => {
  it('is the same for the same tree elsewhere', async () => {
    await using one = await tempDir();
    await using other = await tempDir();
    await plant(one);
    await plant(other);
    expect(await digestOfTree(one.path)).toBe(await digestOfTree(other.path));
  });

  const changes: Readonly<Record<string, (dir: TempDir) => Promise<void>>> = {
    'the contents of a file': (dir) => writeFile(dir.join('a.txt'), 'b'),
    'the name of a file': (dir) => rename(dir.join('a.txt'), dir.join('b.txt')),
    'the place of a file': (dir) => rename(dir.join('a.txt'), dir.join('folder', 'a.txt')),
    'whether a file may be executed': (dir) => chmod(dir.join('folder', 'run.sh'), 0o644),
    'where a link leads': async (dir) => {
      await rm(dir.join('link'));
      await symlink('folder', dir.join('link'));
    },
    'a file for a link to its like': async (dir) => {
      await rm(dir.join('link'));
      await writeFile(dir.join('link'), 'a.txt');
    },
    'one more file': (dir) => writeFile(dir.join('new'), ''),
    'one more empty folder': (dir) => mkdir(dir.join('empty')),
    'one file less': (dir) => rm(dir.join('a.txt')),
  };
  it.each(Object.keys(changes))('changes with %s', async (name) => {
    await using dir = await tempDir();
    await plant(dir);
    const before = await digestOfTree(dir.path);
    await changes[name]?.(dir);
    expect(await digestOfTree(dir.path)).not.toBe(before);
  });

  const indifferent: Readonly<Record<string, (dir: TempDir) => Promise<void>>> = {
    times: (dir) => utimes(dir.join('a.txt'), 1, 1),
    'who may read or write': (dir) => chmod(dir.join('a.txt'), 0o600),
    'the users who may execute, if there are any': (dir) => chmod(dir.join('folder', 'run.sh'), 0o700),
    'what is installed': async (dir) => {
      await mkdir(dir.join('folder', 'node_modules', 'x'), {recursive: true});
      await writeFile(dir.join('folder', 'node_modules', 'x', 'index.js'), '');
    },
  };
  it.each(Object.keys(indifferent))('does not depend on %s', async (name) => {
    await using dir = await tempDir();
    await plant(dir);
    const before = await digestOfTree(dir.path);
    await indifferent[name]?.(dir);
    expect(await digestOfTree(dir.path)).toBe(before);
  });

  it('accepts a single file of any name', async () => {
    await using dir = await tempDir();
    for (const [name, text] of [
      ['one', 'same'],
      ['two', 'same'],
      ['three', 'other'],
    ] as const) {
      await writeFile(dir.join(name), text);
    }
    const [one, two, three] = await Promise.all(
      ['one', 'two', 'three'].map((name) => digestOfTree(dir.join(name))),
    );
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(two).toBe(one);
    expect(three).not.toBe(one);
  });

  it('rejects for missing files, and for anything but files', async () => {
    await using dir = await tempDir();
    await expect(digestOfTree(dir.join('nope'))).rejects.toMatchObject({code: 'ENOENT'});
    await localHost().run(['mkfifo', [dir.join('fifo')]]);
    await expect(digestOfTree(dir.path)).rejects.toThrow(
      `neither a file nor a directory: ${dir.join('fifo')}`,
    );
  });
});
