/** What the demo needs of this machine: how each is looked for, and the exact commands that would bring it. */

import {access, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {UserError} from '../../errors.ts';
import {exitCodes} from '../../exit-codes.ts';
import {CommandError} from '../../host/command-error.ts';
import type {Command, Host} from '../../host/host.ts';
import {NotInTime, waitUntil} from '../../host/wait-until.ts';
import {project} from '../../project.ts';
import {installPackages, type Mirrors, privateApt, updateLists} from '../../tools/apt.ts';
import {startEngine} from '../../tools/dockerd.ts';
import {version as kindVersion} from '../../tools/kind.ts';
import type {DemoContext} from '../context.ts';
import {engineOf, toolPath} from './brought.ts';
import {askEngine} from './engine-answer.ts';
import {isExecutable, type Machine} from './machine.ts';

/** What was found, in a few words; with `missing`, what to do about it. */
export type Finding =
  | {readonly is: 'there' | 'noted'; readonly says: string}
  | {readonly is: 'missing'; readonly says: string; readonly remedy: Remedy};

/** Commands that `--yes` runs and that a person may run; or advice, where it is not ours to do. */
export type Remedy =
  | {readonly commands: readonly Command[]; readonly needsRoot: boolean}
  | {readonly advice: string};

export interface Requirement {
  readonly id: `host/${string}`;
  /** Of the report's line: `docker engine`. */
  readonly name: string;
  /** Of the task that brings it. */
  readonly title: string;
  look(context: DemoContext, signal: AbortSignal): Promise<Finding>;
  /** Waits until what the remedy started is there. */
  settle?(context: DemoContext, signal: AbortSignal): Promise<void>;
}

const there = (says: string): Finding => ({is: 'there', says});
const noted = (says: string): Finding => ({is: 'noted', says});
const missing = (says: string, remedy: Remedy): Finding => ({is: 'missing', says, remedy});

const gibibyte = 2 ** 30;
const needed = {disk: 15 * gibibyte, diskWhenBuilt: 4 * gibibyte, memory: 4 * gibibyte} as const;
const inGibibytes = (bytes: number): string => `${Math.round(bytes / gibibyte)} GB`;

const system: Requirement = {
  id: 'host/system',
  name: 'system',
  title: 'Check the system',
  async look({architecture, stack, machine}) {
    const cgroups = await machine.cgroupMode();
    if (cgroups === 'none') {
      return missing('no cgroups are mounted', {advice: 'mount cgroup v2 at /sys/fs/cgroup'});
    }
    return there(`Linux ${architecture}, Node.js ${process.version}, cgroup ${cgroups}; stack ${stack.name}`);
  },
};

const room: Requirement = {
  id: 'host/room',
  name: 'room',
  title: 'Check disk and memory',
  async look({dirs, machine}) {
    const {disk, writable, memory, cores} = await machine.roomAt(dirs.cache);
    const built = await access(join(dirs.cache, 'go-build')).then(
      () => true,
      () => false,
    );
    const wanted = built ? needed.diskWhenBuilt : needed.disk;
    const says = `${inGibibytes(disk)} free for ${dirs.cache}, ${inGibibytes(memory)} memory, ${cores} cores`;
    if (!writable) {
      return missing(`${dirs.cache} cannot be written`, {
        advice: 'set XDG_CACHE_HOME and XDG_STATE_HOME to directories of your own',
      });
    }
    if (disk < wanted) {
      return missing(says, {
        advice: `free ${inGibibytes(wanted)} there, or set XDG_CACHE_HOME to a larger disk`,
      });
    }
    if (memory < needed.memory * 0.9) {
      return missing(says, {advice: `the build and the nodes need ${inGibibytes(needed.memory)} of memory`});
    }
    return there(says);
  },
};

const inotify: Requirement = {
  id: 'host/inotify',
  name: 'inotify',
  title: 'Check inotify limits',
  async look({cluster, machine}) {
    const instances = await machine.inotifyInstances();
    const wanted = 64 * (cluster.workers + 1);
    if (!(instances < wanted)) return there(`${instances} instances a user`);
    return noted(
      `${instances} instances a user may be few for ${cluster.workers + 1} nodes: sysctl -w fs.inotify.max_user_instances=512`,
    );
  },
};

/** Brought only along with an engine: on a machine that has docker nothing is installed. */
const packages: Requirement = {
  id: 'host/packages',
  name: 'packages',
  title: 'Install packages that the engine needs',
  async look({host, stack, machine}, signal) {
    if ((await askEngine(host, signal)).is !== 'absent') return there('none needed, docker is there');
    if (await usableDockerd(host, machine)) return there('none needed, docker is installed');
    const wanted = [...stack.engine.hostPackages, 'mmdebstrap'];
    const absent: string[] = [];
    for (const name of wanted) if ((await machine.whereIs(name)) === undefined) absent.push(name);
    if (absent.length === 0) return there(wanted.join(', '));
    if (!(await machine.mirrors())) return missing(absent.join(', '), {advice: otherSystems});
    return missing(absent.join(', '), {needsRoot: true, commands: [updateLists, installPackages(absent)]});
  },
};

const otherSystems =
  'install docker with your system, for example: dnf install moby-engine && systemctl enable --now docker';

const engine: Requirement = {
  id: 'host/engine',
  name: 'docker',
  title: 'Unpack a docker engine beside the system',
  async look(context, signal) {
    const {host, machine, dirs, stack} = context;
    const answer = await askEngine(host, signal);
    if (answer.is === 'running') return fitting(answer.version, machine);
    if (answer.is === 'refused') return there('installed');
    const own = await usableDockerd(host, machine);
    if (own !== undefined) return there(`${own}, not running`);
    const {root} = engineOf(dirs);
    if (await isExecutable(dockerdIn(root))) return there(`${root}, not running`);
    const mirrors = await machine.mirrors();
    if (!mirrors) return missing('not installed', {advice: otherSystems});
    return missing('not installed', {
      needsRoot: true,
      commands: await unpackEngine(context, mirrors, stack.engine),
    });
  },
};

/** Engines before 23 ask for every capability that a privileged container could have, not for those there are. */
const asksForAll = (version: string): boolean => Number.parseInt(version, 10) < 23;

const fitting = async (version: string, machine: Machine): Promise<Finding> =>
  asksForAll(version) && (await machine.lacksCapabilities())
    ? missing(`engine ${version} cannot run privileged containers on this machine`, {
        advice:
          'some capability is missing from the bounding set, and this engine asks for all: stop it, and run again',
      })
    : there(`engine ${version}`);

const dockerdIn = (root: string): string => join(root, 'usr/sbin/dockerd');

/** The machine's own dockerd, where it runs at all and can run privileged containers here. */
const usableDockerd = async (host: Host, machine: Machine): Promise<string | undefined> => {
  const dockerd = await machine.whereIs('dockerd');
  if (dockerd === undefined) return undefined;
  try {
    const {stdout} = await host.run([dockerd, ['--version']], {timeout: 10_000});
    const version = /version (\d[^\s,]*)/.exec(stdout)?.[1] ?? '0';
    return asksForAll(version) && (await machine.lacksCapabilities()) ? undefined : dockerd;
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
};

/** Downloads packages of another suite by an apt of their own and unpacks them: dpkg learns nothing of it. */
const unpack = (
  {dirs}: DemoContext,
  {mirrors, suite, names, to}: {mirrors: Mirrors; suite: string; names: readonly string[]; to: string},
): readonly Command[] => {
  const root = join(dirs.cache, 'apt', suite);
  const {make, apt} = privateApt(root, mirrors, suite);
  const fresh = `${to}.new`;
  return [
    ...make,
    apt('update'),
    apt('download', ...names),
    ['rm', ['-rf', to, fresh]],
    ['mkdir', ['-p', fresh]],
    [
      'sh',
      ['-ec', 'for file in "$1"/*.deb; do dpkg-deb -x "$file" "$2"; done', 'sh', `${root}/packages`, fresh],
    ],
    ['mv', [fresh, to]],
  ];
};

const unpackEngine = async (
  context: DemoContext,
  mirrors: Mirrors,
  {suite, packages: names}: DemoContext['stack']['engine'],
): Promise<readonly Command[]> => {
  const {root, link} = engineOf(context.dirs);
  const commands = unpack(context, {mirrors, suite, names, to: root});
  // Whoever follows the walk-through types `docker exec`.
  return (await context.machine.whereIs('docker')) !== undefined
    ? commands
    : [...commands, ['ln', ['-sf', `${root}/usr/bin/docker`, link]]];
};

const running: Requirement = {
  id: 'host/engine-running',
  name: 'engine',
  title: 'Start the docker engine',
  async look({host, machine, dirs}, signal) {
    const answer = await askEngine(host, signal);
    if (answer.is === 'running') return there('running');
    if (answer.is === 'refused') return missing(answer.says, {advice: answer.advice});
    const brought = engineOf(dirs);
    const own = await usableDockerd(host, machine);
    if (own !== undefined && (await machine.hasSystemd())) {
      return missing('not running', {needsRoot: true, commands: [['systemctl', ['start', 'docker']]]});
    }
    const daemon =
      own === undefined
        ? {...brought, dockerd: dockerdIn(brought.root)}
        : {...brought, dockerd: own, path: [], dataRoot: undefined};
    const known = own !== undefined || (await machine.mirrors()) !== undefined;
    if (!known) return missing('not running', {advice: otherSystems});
    return missing(own === undefined ? 'none of ours is running' : 'not running', {
      needsRoot: true,
      commands: [['mkdir', ['-p', dirs.state]], startEngine(daemon)],
    });
  },
  async settle({host, dirs}, signal) {
    const {logFile} = engineOf(dirs);
    try {
      await waitUntil({what: 'the docker engine to answer', every: 200, atMost: 60_000, signal}, async () =>
        (await askEngine(host, signal)).is === 'running' ? true : undefined,
      );
    } catch (error) {
      if (!(error instanceof NotInTime)) throw error;
      const said = (await readFile(logFile, 'utf8').catch(() => '')).trimEnd().split('\n').at(-1) ?? '';
      throw new UserError(
        {
          what: 'the docker engine did not start',
          why: said === '' ? error.message : said,
          tryThis: `read ${logFile}`,
          exitCode: exitCodes.hostLacks,
          log: logFile,
        },
        {cause: error},
      );
    }
  },
};

const kind: Requirement = {
  id: 'host/kind',
  name: 'kind',
  title: 'Unpack kind beside the system',
  async look(context, signal) {
    const {host, machine, stack, dirs} = context;
    try {
      const {stdout} = await host.run(kindVersion, {signal, timeout: 10_000});
      return there(/kind v?(\S+)/.exec(stdout)?.[1] ?? stdout.trim());
    } catch (error) {
      if (!(error instanceof CommandError) || signal.aborted) throw error;
    }
    const mirrors = await machine.mirrors();
    if (!mirrors) {
      return missing('not installed', {
        advice: 'install kind: https://kind.sigs.k8s.io/docs/user/quick-start/#installation',
      });
    }
    const names = [stack.kind.package];
    const to = join(toolPath(dirs), 'kind');
    return missing('not installed', {
      needsRoot: false,
      commands: unpack(context, {mirrors, suite: stack.kind.suite, names, to}),
    });
  },
};

/** In the order in which they are brought. */
export const requirements: readonly Requirement[] = [system, room, inotify, packages, engine, running, kind];

/** Only root may install and start what needs it; said before anything is run. */
export const rootAdvice = `run it as root: sudo ${process.argv0} ${join(project.root, 'bin/kni-demo.js')} up --yes`;
