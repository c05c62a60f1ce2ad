/** Chooses the stack for `up` without --stack: the cluster's if there is a cluster, else the default. */

import {nodesOf} from '../cluster/cluster.ts';
import {CommandError} from '../host/command-error.ts';
import {project} from '../project.ts';
import {defaultStack} from '../stacks/default-stack.ts';
import {stackNames} from '../stacks/load.ts';
import {hostAndDirs} from './context.ts';
import type {World} from './world.ts';

export interface Choice {
  readonly stack: string;
  /** The reason, as part of a line. */
  readonly why: string;
}

export const chooseStack = async (world: World, cluster: string): Promise<Choice> => {
  world.signal.throwIfAborted();
  const stack = await stackOfCluster(world, cluster);
  return stack === undefined
    ? {stack: defaultStack, why: 'the default; for current releases of Kubernetes: --stack upstream'}
    : {stack, why: `cluster ${cluster} was made from it`};
};

const stackOfCluster = async (world: World, cluster: string): Promise<string | undefined> => {
  const {signal} = world;
  try {
    const [node] = await nodesOf(hostAndDirs(world).host, cluster, signal);
    const known = await stackNames(project.stacks);
    return known.find((name) => name === node?.stack);
  } catch (error) {
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    return undefined; // The cluster cannot be read without a docker engine.
  }
};
