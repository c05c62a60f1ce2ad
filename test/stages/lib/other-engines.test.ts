import {mkdir, symlink, writeFile} from 'node:fs/promises';
import {expect, it} from 'vitest';
import {otherEngines} from '../../../src/stages/lib/other-engines.ts';
import {type TempDir, tempDir} from '../../rig/temp-dir.ts';

const addProcess = async (
  dir: TempDir,
  pid: number | 'self',
  {name, parent = 1, network = 'net:[1]'}: {readonly name: string; parent?: number; network?: string},
): Promise<void> => {
  await mkdir(dir.join(`${pid}/ns`), {recursive: true});
  await writeFile(dir.join(`${pid}/stat`), `${pid} (${name}) S ${parent} 1 1`);
  await symlink(network, dir.join(`${pid}/ns/net`));
};

it('finds the engines of the same network, but not ours with its containerd', async () => {
  await using dir = await tempDir();
  await addProcess(dir, 'self', {name: 'node'});
  await addProcess(dir, 10, {name: 'dockerd'});
  await addProcess(dir, 11, {name: 'containerd', parent: 10});
  await addProcess(dir, 12, {name: 'containerd', network: 'net:[2]'});
  await addProcess(dir, 13, {name: 'my (dockerd) S 1'});
  await mkdir(dir.join('net'));
  expect(await otherEngines(10, dir.path)).toEqual([]);
  expect(await otherEngines(undefined, dir.path)).toEqual(['dockerd, process 10', 'containerd, process 11']);
});
