import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, symlink, writeFile} from 'node:fs/promises';
import {expect, it} from 'vitest';
import {otherEngines, otherEngineWithExecRoot} from '../../src/host/other-engines.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

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

/** A process with this option in its command line, which ends with the test. `prefix` runs it. */
const startWith = async (option: string, prefix: readonly string[] = []) => {
  const program = "console.log('ready'); setInterval(() => {}, 1000)";
  const [file, ...args] = [...prefix, process.execPath, '-e', program, '--', option];
  const child = spawn(file, args, {stdio: ['ignore', 'pipe', 'inherit']});
  await once(child.stdout, 'data');
  return {pid: child.pid, [Symbol.dispose]: () => child.kill('SIGKILL')};
};

it('finds another engine with the same exec root, but not one whose path leads elsewhere', async () => {
  await using dir = await tempDir();
  const execRoot = dir.join('run');
  await mkdir(execRoot);
  const find = (own?: number) => otherEngineWithExecRoot(execRoot, own);
  expect(await find()).toBeUndefined();
  const mount = `mount -t tmpfs tmpfs ${dir.path} && mkdir ${execRoot} && exec "$@"`;
  const elsewhere = ['unshare', '--mount', 'sh', '-ec', mount, 'sh'];
  using _ = await startWith(`--exec-root=${execRoot}`, elsewhere);
  expect(await find()).toBeUndefined();
  using engine = await startWith(`--exec-root=${execRoot}`);
  expect(await find()).toBe(engine.pid);
  expect(await find(engine.pid)).toBeUndefined();
});
