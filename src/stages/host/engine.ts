/** Requires a docker engine. Without one, kni-demo unpacks its own beside the system's packages. */

import type {Command} from '../../host/host.ts';
import {isExecutable} from '../../host/machine.ts';
import type {Mirrors} from '../../tools/apt.ts';
import type {DemoContext} from '../context.ts';
import {askEngine} from '../lib/ask-engine.ts';
import {checkEngineVersion, dockerdIn, installWithSystem, usableDockerd} from '../lib/dockerd.ts';
import {managedEngine} from '../lib/managed-engine.ts';
import {adviseOn, missing, present, type Requirement} from '../lib/requirement.ts';
import {unpackPackages} from '../lib/unpack-packages.ts';

export const engine: Requirement = {
  id: 'host/engine',
  name: 'docker',
  title: 'Unpack a docker engine',
  async check(context, signal) {
    const {host, machine, dirs} = context;
    const answer = await askEngine(host, signal);
    if (answer.kind === 'running') return checkEngineVersion(answer.version, machine);
    if (answer.kind === 'refused') return present('installed');
    const dockerd = await usableDockerd(host, machine);
    if (dockerd !== undefined) return present(`${dockerd}, not running`);
    const {root} = managedEngine(dirs);
    if (await isExecutable(dockerdIn(root))) return present(`${root}, not running`);
    const client = await machine.whereIs('docker');
    const message =
      client === undefined
        ? 'not installed'
        : `${client} is a docker client; no usable docker engine is installed`;
    const mirrors = await machine.mirrors();
    if (!mirrors) return adviseOn(message, installWithSystem);
    return missing(message, {needsRoot: true, commands: await unpackEngine(context, mirrors)});
  },
};

const unpackEngine = async (
  {dirs, stack, machine}: DemoContext,
  mirrors: Mirrors,
): Promise<readonly Command[]> => {
  const {root, link} = managedEngine(dirs);
  const {suite, packages: names} = stack.engine;
  const commands = unpackPackages({mirrors, suite, names, to: root}, dirs);
  // Users need the docker command too, for example for `docker exec`.
  return (await machine.whereIs('docker')) !== undefined
    ? commands
    : [...commands, ['ln', ['-sf', `${root}/usr/bin/docker`, link]]];
};
