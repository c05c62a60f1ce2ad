/** Chooses the stack of a command without --stack: the cluster's if there is a cluster, else the default. */

import {exists} from '../cache/files.ts';
import {nameFlag, nodesOf, readRecord} from '../cluster/cluster.ts';
import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import {project} from '../project.ts';
import {defaultStack} from '../stacks/default-stack.ts';
import {stackNames} from '../stacks/load.ts';
import {hostAndDirs} from './context.ts';
import type {World} from './world.ts';

export interface Choice {
  /** A name, or the path of a stack file. */
  readonly stack: string;
  /** The reason, as part of a line. */
  readonly why: string;
}

/** Throws UserError (exit code `badInput`) if the cluster was made from a stack file that cannot be found. */
export const chooseStack = async (world: World, cluster: string): Promise<Choice> => {
  world.signal.throwIfAborted();
  const name = await stackNameOf(world, cluster);
  if (name === undefined)
    return {
      stack: defaultStack,
      why: 'the default; for current Kubernetes: --stack upstream',
    };
  const file = (await readRecord(hostAndDirs(world).dirs, cluster))?.stackFile;
  const isFound = file === undefined ? (await stackNames(project.stacks)).includes(name) : await exists(file);
  if (isFound) return {stack: file ?? name, why: `cluster ${cluster} was made from it`};
  throw new UserError({
    what: `cannot find stack ${name} of cluster ${cluster}`,
    why: file === undefined ? 'kni-demo has no stack of that name' : `${file} does not exist`,
    tryThis: `name its stack file: --stack PATH, or delete the cluster: kni-demo down${nameFlag(cluster)}`,
    code: 'KNI-E202',
  });
};

/** Undefined without a cluster, or if kni-demo did not make the cluster. */
const stackNameOf = async (world: World, cluster: string): Promise<string | undefined> => {
  const {signal} = world;
  try {
    const [node] = await nodesOf(hostAndDirs(world).host, cluster, signal);
    return node?.stack;
  } catch (error) {
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    return undefined; // The cluster cannot be read without a docker engine.
  }
};
