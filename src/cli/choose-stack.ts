/** Which stack `up` takes where none is named: that of the cluster, else the current one where it can be had. */

import {nodesOf} from '../cluster/cluster.ts';
import {CommandError} from '../host/command-error.ts';
import {networkOf} from '../host/network.ts';
import {project} from '../project.ts';
import {loadStack, stackNames} from '../stacks/load.ts';
import type {Stack} from '../stacks/schema.ts';
import {gitEnv, listRemote} from '../tools/git.ts';
import {hostAndDirs} from './context.ts';
import type {World} from './world.ts';

/** Releases as they are, which need the internet, and one that needs a Debian mirror only. */
const [current, anywhere] = ['upstream', 'bookworm'] as const;

export interface Choice {
  readonly stack: string;
  /** In half a line. */
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
    : {stack: anywhere, why: `${silent}; current releases all the same: --stack ${current}`};
};

const stackOfCluster = async (world: World, cluster: string): Promise<string | undefined> => {
  const {signal} = world;
  try {
    const [node] = await nodesOf(hostAndDirs(world).host, cluster, signal);
    const known = await stackNames(project.stacks);
    return known.find((name) => name === node?.stack);
  } catch (error) {
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    return undefined; // Without an engine there is no cluster.
  }
};

interface GitHost {
  readonly host: string;
  readonly url: string;
  readonly tag: string;
}

/** Who has to answer for a stack of git sources and a published image. */
const hostsOf = ({
  name,
  kubernetes: {source},
  node,
}: Stack): {readonly git: GitHost; readonly registry: string} => {
  if (source.from !== 'git' || node.from !== 'image') throw new TypeError(`${name} is no stack of releases`);
  const {url, tag} = source;
  return {git: {host: new URL(url).host, url, tag}, registry: registryOf(node.image)};
};

/** `kindest/node:v1` is Docker Hub's, `host:5000/node:v1` that host's: as docker reads it. */
export const registryOf = (image: string): string => {
  const [first = '', ...rest] = image.split('/');
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : 'registry-1.docker.io';
};

/** Asked by git itself, with all that is configured for it. */
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
