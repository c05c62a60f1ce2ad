import {existsSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {makeDirectory} from '../src/make-directory.ts';
import {tempDir} from './rig/temp-dir.ts';

describe('makeDirectory', () => {
  it('makes the parents, and returns what it made', async () => {
    await using dir = await tempDir();
    expect(makeDirectory(dir.join('a/b'))).toEqual([dir.join('a/b'), dir.join('a')]);
    expect(makeDirectory(dir.join('a/b'))).toEqual([]);
    expect(existsSync(dir.join('a/b'))).toBe(true);
  });

  it('throws if a parent is a file', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('file'), '');
    expect(() => makeDirectory(dir.join('file'))).toThrow('EEXIST');
    expect(() => makeDirectory(dir.join('file/a'))).toThrow('ENOTDIR');
  });

  it('throws if nothing can be made', () => {
    expect(() => makeDirectory('/proc/nope/a')).toThrow(
      "ENOENT: no such file or directory, mkdir '/proc/nope'",
    );
  });
});
