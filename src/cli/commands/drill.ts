/** drill: runs drills on a cluster, and shows their steps, their evidence and their verdicts. */

import {restoreChanges} from '../../changes/changes.ts';
import {nameFlag, requireAllNodes, requireCluster, requireRunning} from '../../cluster/cluster.ts';
import {refuseUserRuntime} from '../../cluster/user-runtime.ts';
import {drills} from '../../drills/drills.ts';
import {UserError} from '../../errors.ts';
import {exitCodes} from '../../exit-codes.ts';
import {paletteOf} from '../../view/stream.ts';
import {hostAndDirs} from '../context.ts';
import {drillsText} from '../drill-text.ts';
import {SilentExit} from '../report.ts';
import {resultOf, runDrills} from '../run-drills.ts';
import {runLocked} from '../run-locked.ts';
import {type RunOutput, runOutput} from '../run-output.ts';
import type {World} from '../world.ts';

export interface DrillCommandOptions {
  readonly name: string;
  readonly json?: boolean;
  readonly list?: boolean;
  readonly all?: boolean;
  readonly restore?: boolean;
  /** Milliseconds. */
  readonly lockTimeout: number;
}

/** Throws SilentExit when a drill has failed, after the others have run. */
export const drill = async (
  world: World,
  names: readonly string[],
  options: DrillCommandOptions,
): Promise<void> => {
  const {signal} = world;
  const {name, json, list, all, restore, lockTimeout} = options;
  refuseAmbiguous(names, options);
  const output = runOutput(world, json);
  if (list || (names.length === 0 && !all && !restore)) return showList(world, output);

  const {host, dirs} = hostAndDirs(world);
  const chosen = all ? drills : drills.filter((each) => names.includes(each.name));
  const command = ['kni-demo drill', ...(all ? ['--all'] : names)].join(' ');
  await runLocked(dirs, {command, lockTimeout, say: output.note, signal}, async () => {
    const cluster = await requireCluster({host, dirs}, name, signal);
    requireRunning(name, cluster.nodes);
    if (restore) return restoreCluster(world, output, name);
    await requireAllNodes(dirs, name, cluster.nodes);
    await refuseUserRuntime(cluster, 'run drills', signal);
    const result = resultOf(await runDrills(world, chosen, {name, json, command}));
    output.record('result', {command: 'drill', cluster: name, ...result});
    const {exitCode} = result;
    if (exitCode !== exitCodes.ok) throw new SilentExit(exitCode);
  });
};

const restoreCluster = async (world: World, {say, note, record}: RunOutput, name: string): Promise<void> => {
  const {signal} = world;
  const changed = await restoreChanges(hostAndDirs(world), {cluster: name, signal, say: note});
  record('result', {command: 'drill', exitCode: 0, cluster: name, changed});
  if (!changed) say(`Cluster ${name} has no temporary changes.`);
};

const showList = ({stdout}: World, {say, record}: RunOutput): void => {
  for (const {name, shows, question} of drills) record('drill', {drill: name, shows, question});
  for (const line of drillsText(drills, paletteOf(stdout))) say(line);
};

const refuseAmbiguous = (names: readonly string[], {name, list, all, restore}: DrillCommandOptions): void => {
  const given = [
    ...(names.length === 0 ? [] : ['a name']),
    ...Object.entries({list, all, restore}).flatMap(([flag, isSet]) => (isSet ? [`--${flag}`] : [])),
  ];
  if (given.length < 2) return;
  throw new UserError({
    what: 'invalid flags',
    why: `${given.join(' and ')} were given, which exclude each other`,
    tryThis: `choose one of them, for example: kni-demo drill --list${nameFlag(name)}`,
    code: 'KNI-E217',
  });
};
