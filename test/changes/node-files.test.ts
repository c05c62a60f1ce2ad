import {chmod, readdir, readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {putFiles, saveFiles} from '../../src/changes/node-files.ts';
import {localHost} from '../../src/host/process.ts';
import {tempDir} from '../rig/temp-dir.ts';

const {signal} = new AbortController();

it('restores content, mode and absence, with the shell of this machine', async () => {
  await using dir = await tempDir();
  const [text, binary, absent, empty] = ['a text', 'binary', 'new/absent', 'empty'].map((name) =>
    join(dir.path, name),
  ) as [string, string, string, string];
  await writeFile(text, 'first\nsecond');
  await chmod(text, 0o640);
  await writeFile(binary, Buffer.from([0, 255, 10, 13, 0]));
  await chmod(binary, 0o755);
  await writeFile(empty, '');

  const host = localHost();
  const paths = [text, binary, absent, empty];
  const saved = await saveFiles(host, paths, signal);
  expect(saved[2]).toEqual({path: absent, former: null});

  const former = {base64: Buffer.from('changed').toString('base64'), mode: '600'};
  await putFiles(
    host,
    paths.map((path) => ({path, former})),
    signal,
  );
  expect(await readFile(absent, 'utf8')).toBe('changed');
  expect((await stat(text)).mode & 0o777).toBe(0o600);

  for (let times = 0; times < 2; times += 1) await putFiles(host, saved, signal);
  expect(await readFile(text, 'utf8')).toBe('first\nsecond');
  expect(await readFile(binary)).toEqual(Buffer.from([0, 255, 10, 13, 0]));
  expect((await stat(text)).mode & 0o777).toBe(0o640);
  expect((await stat(binary)).mode & 0o777).toBe(0o755);
  expect((await stat(empty)).size).toBe(0);
  expect(await readdir(join(dir.path, 'new'))).toEqual([]);
  expect(await saveFiles(host, paths, signal)).toEqual(saved);
});
