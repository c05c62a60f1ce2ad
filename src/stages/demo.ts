/** The demo's recipe: every task, stage by stage. */

import {describePlanFailure, type Plan, planTasks} from '../graph/plan.ts';
import type {Stack} from '../stacks/schema.ts';
import {buildTasks} from './build/build.ts';
import type {DemoContext, DemoTask} from './context.ts';
import {hostTasks} from './host/tasks.ts';
import {initTasks} from './init/init.ts';
import {ownTasks} from './init/own-source.ts';
import type {ResolvedSource} from './lib/resolve-own-source.ts';
import {programsId, setup} from './setup/cluster.ts';
import {programsTask} from './setup/programs.ts';
import {nodeNetworks} from './setup/runtime-flags.ts';
import {verify} from './verify/kni.ts';

export const demoTasks = (stack: Stack, own: readonly ResolvedSource[] = []): readonly DemoTask[] => [
  ...hostTasks,
  ...initTasks(stack),
  ...buildTasks(stack),
  ...own.flatMap((source) => ownTasks(source, stack)),
  ...Object.values(setup),
  programsTask(own),
  ...Object.values(nodeNetworks),
  ...Object.values(verify),
];

/** What `up` makes true; the rest is made only where one of these needs it. */
export const upTargets: readonly string[] = [
  ...[setup, nodeNetworks, verify].flatMap((stage) => Object.values(stage).map(({id}) => id)),
  programsId,
];

/** For a stack, with sources of the user's own in place of those that it pins. */
export const demoPlan = (stack: Stack, own: readonly ResolvedSource[] = []): Plan<DemoContext> => {
  const result = planTasks(demoTasks(stack, own));
  if (result.ok) return result.plan;
  throw new Error(describePlanFailure(result.failure));
};
