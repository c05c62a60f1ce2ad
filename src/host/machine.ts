/** Facts about a machine, read from its files without running programs. */

import {rmdirSync, unlinkSync, writeFileSync} from 'node:fs';
import {access, constants, readFile, statfs} from 'node:fs/promises';
import {availableParallelism, totalmem} from 'node:os';
import {delimiter, dirname, join} from 'node:path';
import {exists, namesIn} from '../cache/files.ts';
import {makeDirectory} from '../make-directory.ts';
import {messageOf} from '../thrown.ts';
import {type Mirrors, mirrorsFrom} from '../tools/apt.ts';
import {otherEngines} from './other-engines.ts';

export interface Room {
  /** Bytes. */
  readonly disk: number;
  readonly memory: number;
  readonly cores: number;
}

/** The cgroup versions that are mounted, as a text for reports. */
export type CgroupMode = 'v2' | 'v1, hybrid' | 'v1' | 'none';

export interface Machine {
  readonly isRoot: boolean;
  /** The path of a program on the PATH, or in one of the directories that root has on it. */
  whereIs(program: string): Promise<string | undefined>;
  /** The Debian archives in the machine's apt sources; undefined on other systems. */
  mirrors(): Promise<Mirrors | undefined>;
  hasSystemd(): Promise<boolean>;
  /** Whether the bounding set lacks a capability. Then even root cannot get all capabilities, as in some containers. */
  lacksCapabilities(): Promise<boolean>;
  /** The free space of the disk of `path`, which need not exist, the machine's memory, and its cores. */
  roomAt(path: string): Promise<Room>;
  /** Creates a file in the directory, and removes it. Returns the error message, or undefined if that worked. */
  whyNotWritable(directory: string): Promise<string | undefined>;
  cgroupMode(): Promise<CgroupMode>;
  /** fs.inotify.max_user_instances. systemd, containerd and kubelet of every node use some of them. */
  inotifyInstances(): Promise<number>;
  /** `dockerd, process 42` for each container engine that uses the same network as this process. */
  engines(): Promise<readonly string[]>;
}

export interface MachineOptions {
  /** The root directory of its files. */
  readonly root?: string;
  readonly path?: string | undefined;
  readonly isRoot?: boolean;
}

/** This machine, or for tests one with its files below another root. */
export const machineAt = ({
  root = '/',
  path = process.env['PATH'] ?? '',
  isRoot = process.getuid?.() === 0,
}: MachineOptions = {}): Machine => {
  const read = (file: string): Promise<string> => readFile(join(root, file), 'utf8').catch(() => '');
  return {
    isRoot,
    async whereIs(program) {
      const onPath = path.split(delimiter).filter((directory) => directory !== '');
      for (const directory of [...onPath, '/usr/local/sbin', '/usr/sbin', '/sbin']) {
        const file = join(directory, program);
        if (await isExecutable(join(root, file))) return file;
      }
      return undefined;
    },
    async mirrors() {
      if (!/^ID=debian$/m.test(await read('/etc/os-release'))) return undefined;
      const directory = '/etc/apt/sources.list.d';
      const names = await namesIn(join(root, directory)).catch(() => []);
      const texts = await Promise.all([
        read('/etc/apt/sources.list'),
        ...names.filter((name) => /\.(list|sources)$/.test(name)).map((name) => read(join(directory, name))),
      ]);
      // An empty line separates the files, because it ends a paragraph.
      return mirrorsFrom(await withoutMirrorFiles(texts.join('\n\n'), read));
    },
    hasSystemd: () => exists(join(root, '/run/systemd/system')),
    async lacksCapabilities() {
      const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(await read('/proc/self/status'))?.[1];
      const last = Number.parseInt(await read('/proc/sys/kernel/cap_last_cap'), 10);
      if (bounding === undefined || Number.isNaN(last)) return false;
      const all = (1n << BigInt(last + 1)) - 1n;
      return (BigInt(`0x${bounding}`) & all) !== all;
    },
    roomAt: async (directory) => ({
      disk: await diskAt(directory),
      memory: totalmem(),
      cores: availableParallelism(),
    }),
    whyNotWritable: async (directory) => whyNotWritable(directory),
    async cgroupMode() {
      const mounts = await read('/proc/self/mounts');
      const v1 = /^\S+ \S+ cgroup .*/m.test(mounts);
      const v2 = /^\S+ \S+ cgroup2 .*/m.test(mounts);
      if (v1) return v2 ? 'v1, hybrid' : 'v1';
      return v2 ? 'v2' : 'none';
    },
    inotifyInstances: async () => Number.parseInt(await read('/proc/sys/fs/inotify/max_user_instances'), 10),
    engines: () => otherEngines(undefined, join(root, 'proc')),
  };
};

export const isExecutable = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );

/** Replaces `mirror+file:` sources, as in Debian's cloud images, by the file's first mirror: containers lack the file. */
const withoutMirrorFiles = async (
  sources: string,
  read: (file: string) => Promise<string>,
): Promise<string> => {
  const pattern = /mirror\+file:(?:\/\/)?(\/\S+)/g;
  const lists = new Map<string, string>();
  for (const [, file = ''] of sources.matchAll(pattern)) lists.set(file, await read(file));
  return sources.replace(pattern, (whole, file: string) => {
    const first = lists
      .get(file)
      ?.split('\n')
      .find((line) => /^\s*[^\s#]/.test(line));
    return first?.trim().split(/\s/)[0] ?? whole;
  });
};

const diskAt = async (path: string): Promise<number> => {
  try {
    const {bavail, bsize} = await statfs(path);
    return bavail * bsize;
  } catch (error) {
    if (dirname(path) === path) throw error;
    return diskAt(dirname(path));
  }
};

/** Tries to write, because permissions are not enough: root cannot write below /proc or on a read-only file system. */
const whyNotWritable = (directory: string): string | undefined => {
  let made: readonly string[] = [];
  try {
    made = makeDirectory(directory);
    const file = join(directory, `.writable-${process.pid}`);
    writeFileSync(file, '');
    unlinkSync(file);
    return undefined;
  } catch (error) {
    return messageOf(error);
  } finally {
    removeEmpty(made);
  }
};

const removeEmpty = (directories: readonly string[]): void => {
  try {
    for (const directory of directories) rmdirSync(directory);
  } catch {
    // Another process put something into it.
  }
};
