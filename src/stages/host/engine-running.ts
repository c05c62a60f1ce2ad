/** Requires that the docker engine runs. Starts the machine's own, or the one that kni-demo unpacked. */

import {readFile} from 'node:fs/promises';
import {exists} from '../../cache/files.ts';
import {UserError} from '../../errors.ts';
import type {Command} from '../../host/host.ts';
import {isExecutable} from '../../host/machine.ts';
import {DeadlineExceeded, waitUntil} from '../../host/wait-until.ts';
import {startEngine} from '../../tools/dockerd.ts';
import type {DemoContext} from '../context.ts';
import {askEngine} from '../lib/ask-engine.ts';
import {dockerdIn, installWithSystem, usableDockerd} from '../lib/dockerd.ts';
import {managedEngine, managedEnginePid} from '../lib/managed-engine.ts';
import {recordNetwork, removalsOfDeadNetworks} from '../lib/network-record.ts';
import {adviseOn, type Finding, missing, present, type Requirement} from '../lib/requirement.ts';

export const engineRunning: Requirement = {
  id: 'host/engine-running',
  name: 'engine',
  title: 'Start the docker engine',
  async check(context, signal) {
    const {host, machine} = context;
    const answer = await askEngine(host, signal);
    if (answer.kind === 'running') return present('running');
    if (answer.kind === 'refused') return adviseOn(answer.message, answer.advice);
    const dockerd = await usableDockerd(host, machine);
    if (dockerd !== undefined && (await machine.hasSystemd()))
      return missing('not running', {needsRoot: true, commands: [['systemctl', ['start', 'docker']]]});
    return startByOurselves(dockerd, context);
  },
  async waitUntilReady({host, dirs}, signal) {
    const {logFile} = managedEngine(dirs);
    try {
      await waitUntil({what: 'the docker engine to answer', every: 200, atMost: 60_000, signal}, async () =>
        (await askEngine(host, signal)).kind === 'running' ? true : undefined,
      );
    } catch (error) {
      if (!(error instanceof DeadlineExceeded)) throw error;
      const lastLine = (await readFile(logFile, 'utf8').catch(() => '')).trimEnd().split('\n').at(-1) ?? '';
      throw new UserError(
        {
          what: 'the docker engine did not start',
          why: lastLine === '' ? error.message : lastLine,
          tryThis: `read ${logFile}`,
          code: 'KNI-E305',
          log: logFile,
        },
        {cause: error},
      );
    }
  },
};

/** `dockerd` is the machine's own, if it has a usable one. */
const startByOurselves = async (
  dockerd: string | undefined,
  {host, machine, dirs}: DemoContext,
): Promise<Finding> => {
  const managed = managedEngine(dirs);
  const daemon =
    dockerd === undefined
      ? {...managed, dockerd: dockerdIn(managed.root)}
      : {...managed, dockerd, path: [], dataRoot: undefined};
  const installed = dockerd !== undefined || (await isExecutable(daemon.dockerd));
  // On Debian an earlier task unpacks the engine.
  if (!installed && (await machine.mirrors()) === undefined)
    return adviseOn('not running', installWithSystem);
  // Nothing else starts this engine after a reboot. Its log shows that kni-demo started it before.
  const resumed = (await isExecutable(daemon.dockerd)) && (await exists(managed.logFile));
  // After a reboot another process can have the pid in the engine's pid file, and dockerd would refuse to start.
  const stalePidFiles = (await managedEnginePid(dirs)) === undefined ? [managed.pidFile] : [];
  const deadNetworks = (await machine.engines()).length === 0 ? await removalsOfDeadNetworks(host) : [];
  return missing(resumed ? 'stopped; `kni-demo up` starts it again' : 'not running', {
    needsRoot: true,
    commands: [
      ['mkdir', ['-p', dirs.state]],
      ...stalePidFiles.map((file): Command => ['rm', ['-f', file]]),
      ...deadNetworks,
      startEngine(daemon),
    ],
    resumes: resumed,
    record: () => recordNetwork(host, dirs),
  });
};
