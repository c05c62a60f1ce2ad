import {mkdir, readdir, readFile, stat} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {writeDurably} from '../../../runtime/src/lib/durable-file.ts';
import {tempDir} from '../../rig/temp-dir.ts';

describe('a durable file', () => {
  it('is replaced as a whole, for its owner alone, and leaves nothing else', async () => {
    await using dir = await tempDir();
    await writeDurably(dir.join('record'), 'first, and longer');
    await writeDurably(dir.join('record'), 'second');
    expect(await readFile(dir.join('record'), 'utf8')).toBe('second');
    expect((await stat(dir.join('record'))).mode & 0o777).toBe(0o600);
    expect(await readdir(dir.path)).toEqual(['record']);
  });

  it('that cannot be replaced leaves nothing half-made', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('record', 'below'), {recursive: true});
    await expect(writeDurably(dir.join('record'), 'text')).rejects.toMatchObject({code: 'EISDIR'});
    expect(await readdir(dir.path)).toEqual(['record']);
  });
});
