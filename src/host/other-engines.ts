/** Other container engines that use the same network as this process. */

import {readFile, readlink, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {namesIn} from '../cache/files.ts';

const engines = new Set(['dockerd', 'containerd']);

/** Returns `dockerd, process 42` for each, without `own` and its children. A node's containerd has another network. */
export const otherEngines = async (own: number | undefined, proc = '/proc'): Promise<readonly string[]> => {
  const network = await networkOf(join(proc, 'self'));
  const found: string[] = [];
  for (const {pid, directory} of await processesIn(proc)) {
    const status = await readFile(join(directory, 'stat'), 'utf8').catch(() => '');
    const [, name = '', parent] = /^\d+ \((.*)\) \S+ (\d+)/s.exec(status) ?? [];
    if (!engines.has(name) || pid === own || Number(parent) === own) continue;
    if ((await networkOf(directory)) === network) found.push(`${name}, process ${pid}`);
  }
  return found;
};

/** Undefined for a process that has ended, or whose owner is another user. */
const networkOf = (directory: string): Promise<string | undefined> =>
  readlink(join(directory, 'ns/net')).catch(() => undefined);

/** The process id of the dockerd with this data root, even if kni-demo did not start it. */
export const engineWithDataRoot = async (dataRoot: string, proc = '/proc'): Promise<number | undefined> =>
  (await engineProcesses(`--data-root=${dataRoot}`, proc))[0]?.pid;

/**
 * The process id of another dockerd that uses this directory as its exec root. It may have another network namespace, and in
 * another mount namespace the same path can be another directory.
 */
export const otherEngineWithExecRoot = async (
  execRoot: string,
  own: number | undefined,
  proc = '/proc',
): Promise<number | undefined> => {
  const ours = await inodeOf(execRoot);
  for (const {pid, directory} of await engineProcesses(`--exec-root=${execRoot}`, proc))
    if (pid !== own && ours !== undefined && (await inodeOf(join(directory, 'root', execRoot))) === ours)
      return pid;
  return undefined;
};

const inodeOf = async (path: string): Promise<string | undefined> => {
  const found = await stat(path).catch(() => undefined);
  return found && `${found.dev}:${found.ino}`;
};

const engineProcesses = async (option: string, proc: string): Promise<readonly ProcessDirectory[]> => {
  const found: ProcessDirectory[] = [];
  for (const process of await processesIn(proc)) {
    const line = await readFile(join(process.directory, 'cmdline'), 'utf8').catch(() => '');
    if (line.split('\0').includes(option)) found.push(process);
  }
  return found;
};

interface ProcessDirectory {
  readonly pid: number;
  readonly directory: string;
}

const processesIn = async (proc: string): Promise<readonly ProcessDirectory[]> => {
  const pids = (await namesIn(proc)).filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => ({pid: Number(pid), directory: join(proc, pid)}));
};
