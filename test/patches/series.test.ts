import {mkdir, symlink} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {UserError} from '../../src/errors.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {readFiles} from '../../src/patches/read-files.ts';
import {pathsOf, readQuiltSeries, readSeries} from '../../src/patches/series.ts';
import {rejection} from '../rig/demo.ts';
import {tempDir} from '../rig/temp-dir.ts';
import {writeText} from './gnu-patch.ts';

const patch = (path: string): string => `--- a/${path}\n+++ b/${path}\n@@ -1 +1 @@\n-one\n+1\n`;

describe('a series', () => {
  it('is the numbered patches, in their order', async () => {
    await using dir = await tempDir();
    for (const name of ['0010-c.patch', '0002-b.patch', '0001-a.patch', 'README.md', 'x.patch', '0003.rej'])
      await writeText(dir, name, patch(name));
    const series = await readSeries(dir.path);
    expect(series.map(({name}) => name)).toEqual(['0001-a.patch', '0002-b.patch', '0010-c.patch']);
    expect(pathsOf([...series, ...series])).toEqual(['0001-a.patch', '0002-b.patch', '0010-c.patch']);
  });

  it("is Debian's: remarks, empty lines, options, no end of the last line", async () => {
    await using dir = await tempDir();
    for (const name of ['a.patch', 'sub/b.patch', 'unused.patch']) await writeText(dir, name, patch(name));
    await writeText(dir, 'series', '# remark\n\n  a.patch -p1 # why\n#unused.patch\nsub/b.patch');
    expect((await readQuiltSeries(dir.path)).map(({name}) => name)).toEqual(['a.patch', 'sub/b.patch']);
  });

  it.each(['', 'nowhere'])('is not empty: %j', async (name) => {
    await using dir = await tempDir();
    const error = await rejection(readSeries(dir.join(name)), UserError);
    expect(error).toMatchObject({exitCode: exitCodes.badInput, what: 'no patches found'});
  });

  it('has patches that can be read', async () => {
    await using dir = await tempDir();
    await writeText(dir, '0001-a.patch', 'rubbish\n');
    expect((await rejection(readSeries(dir.path), UserError)).what).toBe('cannot read 0001-a.patch');
  });
});

describe('the files of a tree', () => {
  it('are read to the byte, and through no symbolic link', async () => {
    await using dir = await tempDir();
    await writeText(dir, 'tree/a/file', 'caf\u00e9\r\n');
    await writeText(dir, 'outside/file', 'secret');
    await mkdir(dir.join('tree/folder'));
    await symlink(dir.join('outside'), dir.join('tree/out'));
    await symlink('file', dir.join('tree/a/link'));
    const paths = ['a/file', 'a/none', 'a/file/below', 'folder', 'out/file', 'a/link'];
    expect(await readFiles(dir.join('tree'), paths)).toEqual(
      new Map<string, unknown>([
        ['a/file', 'caf\u00e9\r\n'],
        ['a/none', undefined],
        ['a/file/below', undefined],
        ['folder', null],
        ['out/file', null],
        ['a/link', null],
      ]),
    );
  });
});
