/** Chooses the stack for `up` without --stack: the cluster's, or upstream if its hosts answer, or bookworm. */

import {nodesOf} from '../cluster/cluster.ts';
import {CommandError} from '../host/command-error.ts';
import {networkOf} from '../host/network.ts';
import {project} from '../project.ts';
import {loadStack, stackNames} from '../stacks/load.ts';
import type {Stack} from '../stacks/schema.ts';
import {gitEnv, listRemote} from '../tools/git.ts';
import {hostAndDirs} from './context.ts';
import type {World} from './world.ts';

/** `current` has current releases and needs the internet; `anywhere` needs only a Debian mirror. */
const [current, anywhere] = ['upstream', 'bookworm'] as const;

export interface Choice {
  readonly stack: string;
  /** The reason, as part of a line. */
  readonly why: string;
}

export const chooseStack = async (world: World, cluster: string): Promise<Choice> => {
  world.signal.throwIfAborted();
  const made = await stackOfCluster(world, cluster);
  if (made !== undefined) return {stack: made, why: `cluster ${cluster} was made from it`};
  const hosts = hostsOf(await loadStack(current, project.stacks));
  const [git, registry] = await Promise.all([
    gitProblem(hosts.git, world),
    registryProblem(hosts.registry, world),
  ]);
  const silent = git ?? registry;
  return silent === undefined
    ? {stack: current, why: `${hosts.git.host} and ${hosts.registry} answer`}
    : {stack: anywhere, why: `${silent}; to use current releases anyway: --stack ${current}`};
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

interface GitHost {
  readonly host: string;
  readonly url: string;
  readonly tag: string;
}

/** The hosts that a stack with git sources and a published image downloads from. */
const hostsOf = ({
  name,
  kubernetes: {source},
  node,
}: Stack): {readonly git: GitHost; readonly registry: string} => {
  if (source.from !== 'git' || node.from !== 'image')
    throw new TypeError(`stack ${name} does not use git sources and a published image`);
  const {url, tag} = source;
  return {git: {host: new URL(url).host, url, tag}, registry: registryOf(node.image)};
};

/** Follows docker's rule: `kindest/node:v1` is on Docker Hub, `host:5000/node:v1` is on that host. */
export const registryOf = (image: string): string => {
  const [first = '', ...rest] = image.split('/');
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : 'registry-1.docker.io';
};

/** Asks git itself, because the user may have configured a proxy or credentials for it. */
const gitProblem = async ({host, url, tag}: GitHost, world: World): Promise<string | undefined> => {
  const {signal} = world;
  try {
    await hostAndDirs(world).host.run(listRemote(url, tag), {env: gitEnv, signal, timeout: 5_000});
    return undefined;
  } catch (error) {
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    return error.reason === 'not found'
      ? 'git is not installed'
      : `${host} does not answer (${error.output.split('\n').find((line) => line !== '') ?? error.reason})`;
  }
};

const registryProblem = async (
  registry: string,
  {network, env, signal}: World,
): Promise<string | undefined> => {
  const why = await (network ?? networkOf(env)).whyUnreachable(`https://${registry}/v2/`, signal);
  return why === undefined ? undefined : `${registry} does not answer (${why})`;
};
