import {readFile, rm, symlink} from 'node:fs/promises';
import {expect, it} from 'vitest';
import {replaceFile} from '../../src/cache/files.ts';
import {tempDir} from '../rig/temp-dir.ts';

it('keeps the former text on a full disk, and names the file', async () => {
  await using dir = await tempDir();
  const file = dir.join('record.json');
  await replaceFile(file, 'first');
  await symlink('/dev/full', `${file}.new`);
  await expect(replaceFile(file, 'second')).rejects.toMatchObject({
    code: 'ENOSPC',
    message: `ENOSPC: no space left on device, write '${file}.new'`,
  });
  expect(await readFile(file, 'utf8')).toBe('first');
  await rm(`${file}.new`);
  await replaceFile(file, 'third');
  expect(await readFile(file, 'utf8')).toBe('third');
});
