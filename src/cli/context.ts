/** Makes the context of the stages from the flags and the environment. */

import {resolve} from 'node:path';
import {dirsOf} from '../cache/dirs.ts';
import {defaultCluster} from '../cluster/names.ts';
import {UserError} from '../errors.ts';
import {machineAt} from '../host/machine.ts';
import {project} from '../project.ts';
import {isStackFile, loadStack} from '../stacks/load.ts';
import {architectureOf, type ClusterChoice, type DemoContext} from '../stages/context.ts';
import {withTools} from '../stages/lib/managed-engine.ts';
import type {World} from './world.ts';

export interface ContextOptions {
  readonly stack: string;
  /** Only for commands that work on a cluster. */
  readonly cluster?: ClusterChoice;
  readonly mayInstall?: boolean;
}

/** The part of the context that needs no stack: a broken stack file must not prevent reading or removing a cluster. */
export const hostAndDirs = ({host, env}: World): Pick<DemoContext, 'host' | 'dirs'> => {
  const dirs = dirsOf(env);
  return {host: withTools(host, dirs, env['PATH']), dirs};
};

/** Rejects with UserError for an invalid stack or an unsupported machine. */
export const demoContext = async (
  world: World,
  {stack, cluster = defaultCluster, mayInstall = false}: ContextOptions,
): Promise<DemoContext> => {
  const architecture = architectureOf(process.arch);
  if (process.platform !== 'linux' || architecture === undefined) {
    throw new UserError({
      what: `kni-demo does not run on ${process.platform} ${process.arch}`,
      why: 'it builds and runs Linux programs for amd64 or arm64',
      tryThis: 'use a Linux machine or a virtual machine with Linux',
      code: 'KNI-E303',
    });
  }
  return {
    ...hostAndDirs(world),
    machine: world.machine ?? machineAt({path: world.env['PATH']}),
    stack: await loadStack(stack, project.stacks),
    ...(isStackFile(stack) && {stackFile: resolve(stack)}),
    architecture,
    cluster,
    mayInstall,
  };
};
