/** status: shows this user's clusters, their nodes, network runtimes and pods. */

import {setTimeout as sleep} from 'node:timers/promises';
import {createLogUpdate} from 'log-update';
import {requireCluster} from '../../cluster/cluster.ts';
import {exitCodes} from '../../exit-codes.ts';
import {fingerprintsOf} from '../../graph/fingerprint.ts';
import {planTasks} from '../../graph/plan.ts';
import {defaultStack} from '../../stacks/default-stack.ts';
import {runtime} from '../../stages/build/runtime.ts';
import {tagOf} from '../../stages/lib/products.ts';
import {gatherStatus, type Status} from '../../status/gather.ts';
import {isHealthy, statusText} from '../../status/text.ts';
import {isTerminal, lineWriter, paletteOf} from '../../view/stream.ts';
import {demoContext, hostAndDirs} from '../context.ts';
import {SilentExit} from '../report.ts';
import type {World} from '../world.ts';

export interface StatusOptions {
  readonly name?: string;
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** Milliseconds between two looks with --watch. */
const interval = 2_000;

/** Throws SilentExit when a node is stopped, lost or not Ready, or its network runtime has no ready network. */
export const status = async (
  world: World,
  {name, watch = false, json = false}: StatusOptions,
): Promise<void> => {
  const {signal, stdout} = world;
  const runtimeTag = tagOfRuntime(world);
  const look = (): Promise<Status> => gatherStatus(hostAndDirs(world), {name, runtimeTag, signal});
  const write = lineWriter(stdout);
  const format = (found: Status): readonly string[] =>
    json
      ? [JSON.stringify(found)]
      : statusText(found, {paint: paletteOf(stdout), width: isTerminal(stdout) ? stdout.columns : Infinity});

  if (!watch) {
    const found = await look();
    // Says whether the cluster is missing, or belongs to another user.
    if (name !== undefined && found.clusters.length === 0)
      await requireCluster(hostAndDirs(world), name, signal);
    for (const line of format(found)) write(line);
    if (!found.clusters.every(isGood)) throw new SilentExit(exitCodes.failed);
    return;
  }
  const show = shower(world, json);
  try {
    for (;;) {
      show(format(await look()));
      await sleep(interval, undefined, {signal});
    }
  } catch (error) {
    // Ctrl-C is the normal way to end --watch, not a failure.
    if (!signal.aborted) throw error;
  }
};

const isGood = ({nodes, isComplete}: Status['clusters'][number]): boolean =>
  isComplete && nodes.length > 0 && nodes.every(isHealthy);

/** Redraws in a terminal. Elsewhere it prints the lines only when they have changed. */
const shower = ({stdout}: World, json: boolean): ((lines: readonly string[]) => void) => {
  if (isTerminal(stdout) && !json) {
    const draw = createLogUpdate(stdout);
    return (lines) => draw(lines.slice(0, stdout.rows - 1).join('\n'));
  }
  const write = lineWriter(stdout);
  let before = '';
  return (lines) => {
    // The measured part of a large cache differs each time.
    const text = lines.filter((line) => !line.startsWith('cache ')).join('\n');
    if (text === before) return;
    before = text;
    for (const line of lines) write(line);
  };
};

/** The build of this checkout's network runtime. */
export const tagOfRuntime = async (world: World): Promise<string> => {
  const context = await demoContext(world, {stack: defaultStack});
  const planned = planTasks([runtime]);
  if (!planned.ok) throw new Error('the network runtime has needs');
  return tagOf((await fingerprintsOf(planned.plan, context))(runtime.id));
};
