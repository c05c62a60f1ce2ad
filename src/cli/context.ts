/** From flags and the world to what the stages need. */

import {dirsOf} from '../cache/dirs.ts';
import {defaultCluster} from '../cluster/names.ts';
import {UserError} from '../errors.ts';
import {exitCodes} from '../exit-codes.ts';
import {machineAt} from '../host/machine.ts';
import {project} from '../project.ts';
import {loadStack} from '../stacks/load.ts';
import {architectureOf, type ClusterChoice, type DemoContext} from '../stages/context.ts';
import {withBrought} from '../stages/lib/managed-engine.ts';
import type {World} from './world.ts';

export interface ContextOptions {
  readonly stack: string;
  /** For what is done with a cluster. */
  readonly cluster?: ClusterChoice;
  readonly mayInstall?: boolean;
}

/** What there is without a stack: a cluster can be read and removed also where its stack file is broken. */
export const hostAndDirs = ({host, env}: World): Pick<DemoContext, 'host' | 'dirs'> => {
  const dirs = dirsOf(env);
  return {host: withBrought(host, dirs, env['PATH']), dirs};
};

/** Rejects with UserError for a stack or a machine that cannot do. */
export const demoContext = async (
  world: World,
  {stack, cluster = defaultCluster, mayInstall = false}: ContextOptions,
): Promise<DemoContext> => {
  const architecture = architectureOf(process.arch);
  if (process.platform !== 'linux' || architecture === undefined) {
    throw new UserError({
      what: `kni-demo does not run on ${process.platform} ${process.arch}`,
      why: 'it builds and runs Linux programs for amd64 or arm64',
      tryThis: 'use a Linux machine, or a virtual one',
      exitCode: exitCodes.hostLacks,
    });
  }
  return {
    ...hostAndDirs(world),
    machine: world.machine ?? machineAt({path: world.env['PATH']}),
    stack: await loadStack(stack, project.stacks),
    architecture,
    cluster,
    mayInstall,
  };
};
