/** What we brought to this machine ourselves: where it is, how to stop it, how to be rid of it. */

import {readFile, readlink} from 'node:fs/promises';
import {delimiter, join} from 'node:path';
import type {Dirs} from '../../cache/dirs.ts';
import type {Host} from '../../host/host.ts';
import type {Engine} from '../../tools/dockerd.ts';

/** Programs that we unpacked beside the system, one directory for each. */
export const toolPath = (dirs: Dirs): string => join(dirs.cache, 'tools');

export interface BroughtEngine extends Omit<Engine, 'dockerd' | 'dataRoot'> {
  readonly dataRoot: string;
  /** Where the engine's packages are unpacked. */
  readonly root: string;
  /** The link that gives users the docker command, made only where they have none. */
  readonly link: string;
}

export const engineOf = (dirs: Dirs): BroughtEngine => {
  const root = join(toolPath(dirs), 'engine');
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
 * Runs commands with our programs at the end of the PATH: the user's own come first. But not kind, which is unpacked only
 * where the user's is too old.
 */
export const withBrought = (host: Host, dirs: Dirs, path: string = process.env['PATH'] ?? ''): Host => {
  const engine = ['engine/usr/bin', 'engine/usr/sbin'].map((name) => join(toolPath(dirs), name));
  const PATH = [
    join(toolPath(dirs), 'kind/usr/bin'),
    path,
    '/usr/local/sbin',
    '/usr/sbin',
    '/sbin',
    ...engine,
  ].join(delimiter);
  return {run: (command, options = {}) => host.run(command, {...options, env: {PATH, ...options.env}})};
};

/** The process id of the engine that we started, if it runs still. */
export const startedEngine = async (dirs: Dirs): Promise<number | undefined> => {
  const {pidFile} = engineOf(dirs);
  const pid = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10);
  if (Number.isNaN(pid)) return undefined;
  // The number may have been given to another process since: ours names its pid file.
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.split('\0').includes(`--pidfile=${pidFile}`) ? pid : undefined;
};

/** The link to our docker command, if it is ours. */
export const ownLink = async (dirs: Dirs): Promise<string | undefined> => {
  const {link, root} = engineOf(dirs);
  const target = await readlink(link).catch(() => '');
  return target.startsWith(`${root}/`) ? link : undefined;
};
