/** What this machine is: read from its files, nothing is run. */

import {access, constants, readdir, readFile, statfs} from 'node:fs/promises';
import {availableParallelism, totalmem} from 'node:os';
import {delimiter, dirname, join} from 'node:path';
import {type Mirrors, mirrorsFrom} from '../../tools/apt.ts';
import type {Architecture} from '../context.ts';

const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

/** Debian's name of the architecture; undefined for those that the demo has no parts for. */
export const architectureOf = (arch: string): Architecture | undefined =>
  arch === 'x64' ? 'amd64' : arch === 'arm64' ? 'arm64' : undefined;

export const isRoot = (): boolean => process.getuid?.() === 0;

/** Whether a program is on the PATH, or in one of the directories that root has on it. */
export const isInstalled = async (program: string): Promise<boolean> =>
  (await whereIs(program)) !== undefined;

export const whereIs = async (program: string): Promise<string | undefined> => {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '');
  for (const directory of [...path, '/usr/local/sbin', '/usr/sbin', '/sbin']) {
    const file = join(directory, program);
    if (await isExecutable(file)) return file;
  }
  return undefined;
};

export const isExecutable = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );

/** The archives that the host's apt knows; undefined where the host is no Debian. */
export const hostMirrors = async (): Promise<Mirrors | undefined> => {
  if (!/^ID=debian$/m.test(await read('/etc/os-release'))) return undefined;
  const directory = '/etc/apt/sources.list.d';
  const names = await readdir(directory).catch(() => []);
  const texts = await Promise.all([
    read('/etc/apt/sources.list'),
    ...names.filter((name) => /\.(list|sources)$/.test(name)).map((name) => read(join(directory, name))),
  ]);
  return mirrorsFrom(texts.join('\n'));
};

export const hasSystemd = (): Promise<boolean> =>
  access('/run/systemd/system').then(
    () => true,
    () => false,
  );

/** Whether some capability is missing from the bounding set: then nobody here can be given all of them. */
export const lacksCapabilities = async (): Promise<boolean> => {
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(await read('/proc/self/status'))?.[1];
  const last = Number.parseInt(await read('/proc/sys/kernel/cap_last_cap'), 10);
  if (bounding === undefined || Number.isNaN(last)) return false;
  const all = (1n << BigInt(last + 1)) - 1n;
  return (BigInt(`0x${bounding}`) & all) !== all;
};

export interface Room {
  /** Bytes. */
  readonly disk: number;
  readonly memory: number;
  readonly cores: number;
}

/** Free disk where `path` is or will be, the machine's memory, and its cores. */
export const roomAt = async (path: string): Promise<Room> => ({
  disk: await freeAt(path),
  memory: totalmem(),
  cores: availableParallelism(),
});

const freeAt = async (path: string): Promise<number> => {
  try {
    const {bavail, bsize} = await statfs(path);
    return bavail * bsize;
  } catch (error) {
    if (dirname(path) === path) throw error;
    return freeAt(dirname(path));
  }
};

/** In words, as it matters to a kubelet. */
export const cgroupMode = async (): Promise<'v2' | 'v1, hybrid' | 'v1' | 'none'> => {
  const mounts = await read('/proc/self/mounts');
  const v1 = /^\S+ \S+ cgroup .*/m.test(mounts);
  const v2 = /^\S+ \S+ cgroup2 .*/m.test(mounts);
  if (v1) return v2 ? 'v1, hybrid' : 'v1';
  return v2 ? 'v2' : 'none';
};

/** fs.inotify.max_user_instances: every node's systemd, containerd and kubelet take some. */
export const inotifyInstances = async (): Promise<number> =>
  Number.parseInt(await read('/proc/sys/fs/inotify/max_user_instances'), 10);
