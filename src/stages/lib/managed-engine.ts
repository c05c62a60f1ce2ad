/** The programs that kni-demo unpacks on this machine: kind, and a docker engine that kni-demo starts and removes. */

import {readFile, readlink} from 'node:fs/promises';
import {delimiter, join} from 'node:path';
import type {Dirs} from '../../cache/dirs.ts';
import type {Host} from '../../host/host.ts';
import type {Engine} from '../../tools/dockerd.ts';

/** The directory of the unpacked programs, with one directory for each. */
export const toolsDirectory = (dirs: Dirs): string => join(dirs.cache, 'tools');

export interface ManagedEngine extends Omit<Engine, 'dockerd' | 'dataRoot'> {
  readonly dataRoot: string;
  /** The directory of the unpacked packages. */
  readonly root: string;
  /** The link to the docker command, made only for users who have no docker command. */
  readonly link: string;
}

export const managedEngine = (dirs: Dirs): ManagedEngine => {
  const root = join(toolsDirectory(dirs), 'engine');
  return {
    root,
    link: '/usr/local/bin/docker',
    path: [join(root, 'usr/sbin'), join(root, 'usr/bin')],
    dataRoot: join(dirs.cache, 'engine-data'),
    pidFile: join(dirs.state, 'dockerd.pid'),
    logFile: join(dirs.state, 'dockerd.log'),
  };
};

/**
 * Runs commands with our programs at the end of the PATH, so that the user's own come first. Our kind comes first,
 * because it is unpacked only if the user's kind is missing or too old.
 */
export const withTools = (host: Host, dirs: Dirs, path: string = process.env['PATH'] ?? ''): Host => {
  const engine = ['engine/usr/bin', 'engine/usr/sbin'].map((name) => join(toolsDirectory(dirs), name));
  const PATH = [
    join(toolsDirectory(dirs), 'kind/usr/bin'),
    path,
    '/usr/local/sbin',
    '/usr/sbin',
    '/sbin',
    ...engine,
  ].join(delimiter);
  return {run: (command, options = {}) => host.run(command, {...options, env: {PATH, ...options.env}})};
};

/** The process id of the engine that kni-demo started, if it is still running. */
export const managedEnginePid = async (dirs: Dirs): Promise<number | undefined> => {
  const {pidFile} = managedEngine(dirs);
  const pid = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10);
  if (Number.isNaN(pid)) return undefined;
  // Another process may have this id by now. Our engine's command line names the pid file.
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.split('\0').includes(`--pidfile=${pidFile}`) ? pid : undefined;
};

/** The link to the docker command, if kni-demo made it. */
export const managedLink = async (dirs: Dirs): Promise<string | undefined> => {
  const {link, root} = managedEngine(dirs);
  const target = await readlink(link).catch(() => '');
  return target.startsWith(`${root}/`) ? link : undefined;
};
