/** A docker engine: where there is none we bring one, with the packages that it needs, and start it. */

import {readFile} from 'node:fs/promises';
import {exists} from '../../cache/files.ts';
import {UserError} from '../../errors.ts';
import {exitCodes} from '../../exit-codes.ts';
import type {Command} from '../../host/host.ts';
import {isExecutable} from '../../host/machine.ts';
import {DeadlineExceeded, waitUntil} from '../../host/wait-until.ts';
import {installPackages, type Mirrors, updateLists} from '../../tools/apt.ts';
import {startEngine} from '../../tools/dockerd.ts';
import type {DemoContext} from '../context.ts';
import {askEngine} from '../lib/ask-engine.ts';
import {dockerdIn, fitting, otherSystems, usableDockerd} from '../lib/dockerd.ts';
import {engineOf, startedEngine} from '../lib/managed-engine.ts';
import {recordNetwork} from '../lib/network-record.ts';
import {recordPackages} from '../lib/packages-record.ts';
import {missing, type Requirement, there} from '../lib/requirement.ts';
import {unpack} from '../lib/unpack-packages.ts';

/** Brought only along with an engine: on a machine that has docker nothing is installed. */
export const packages: Requirement = {
  id: 'host/packages',
  name: 'packages',
  title: 'Install packages that the engine needs',
  async look({host, stack, machine, dirs}, signal) {
    if ((await askEngine(host, signal)).is !== 'absent') return there('none needed, docker is there');
    if (await usableDockerd(host, machine)) return there('none needed, docker is installed');
    // Only building needs mmdebstrap. Where the engine is there already, as from a bundle, there may be nothing to build.
    const unpacked = await isExecutable(dockerdIn(engineOf(dirs).root));
    const wanted = [...stack.engine.hostPackages, ...(unpacked ? [] : ['mmdebstrap'])];
    const absent: string[] = [];
    for (const name of wanted) if ((await machine.whereIs(name)) === undefined) absent.push(name);
    if (absent.length === 0) return there(wanted.join(', '));
    if (!(await machine.mirrors())) return missing(absent.join(', '), {advice: otherSystems});
    return missing(absent.join(', '), {
      needsRoot: true,
      commands: [updateLists, installPackages(absent)],
      record: () => recordPackages(dirs, absent),
    });
  },
};

export const engine: Requirement = {
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
    const client = await machine.whereIs('docker');
    const lacks =
      client === undefined
        ? 'not installed'
        : `${client} is a docker client; no usable docker engine is installed`;
    if (!mirrors) return missing(lacks, {advice: otherSystems});
    return missing(lacks, {
      needsRoot: true,
      commands: await unpackEngine(context, mirrors, stack.engine),
    });
  },
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

export const running: Requirement = {
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
    const known =
      own !== undefined || (await isExecutable(daemon.dockerd)) || (await machine.mirrors()) !== undefined;
    if (!known) return missing('not running', {advice: otherSystems});
    // Nothing else starts it after a reboot. It is ours to start again if its log says that we did so before.
    const resumed = (await isExecutable(daemon.dockerd)) && (await exists(brought.logFile));
    // After a reboot another process may have the old engine's pid, and dockerd would take it for an engine.
    const stale = (await startedEngine(dirs)) === undefined ? [brought.pidFile] : [];
    return missing(resumed ? 'stopped; `kni-demo up` starts it again' : 'not running', {
      needsRoot: true,
      commands: [
        ['mkdir', ['-p', dirs.state]],
        ...stale.map((pidFile): Command => ['rm', ['-f', pidFile]]),
        startEngine(daemon),
      ],
      resumes: resumed,
      record: () => recordNetwork(host, dirs),
    });
  },
  async settle({host, dirs}, signal) {
    const {logFile} = engineOf(dirs);
    try {
      await waitUntil({what: 'the docker engine to answer', every: 200, atMost: 60_000, signal}, async () =>
        (await askEngine(host, signal)).is === 'running' ? true : undefined,
      );
    } catch (error) {
      if (!(error instanceof DeadlineExceeded)) throw error;
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
