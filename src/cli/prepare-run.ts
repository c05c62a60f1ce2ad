/** Prepares a run of stages: chooses the stack, checks the input, and builds the plan. */

import {readNetwork} from '../cluster/network-record.ts';
import {UserError} from '../errors.ts';
import {type FingerprintOf, fingerprintsOf, InputsError} from '../graph/fingerprint.ts';
import type {Plan} from '../graph/plan.ts';
import {CommandError} from '../host/command-error.ts';
import {loadNetwork} from '../networks/load.ts';
import {hasOwnRoutes, ownNetwork} from '../networks/network.ts';
import {project} from '../project.ts';
import {type OwnSource, sourceFlags} from '../stacks/own-source.ts';
import type {Backend, ClusterChoice, DemoContext} from '../stages/context.ts';
import {demoPlan} from '../stages/demo.ts';
import {findCluster, plannedNodesOf} from '../stages/lib/find-cluster.ts';
import {type ResolvedSource, resolveOwnSource} from '../stages/lib/resolve-own-source.ts';
import {chooseStack} from './choose-stack.ts';
import {demoContext} from './context.ts';
import type {World} from './world.ts';

/** The flags of `up`, of the commands of single stages, and of `plan`. */
export interface RunOptions {
  /** Default: the stack of the cluster, or else bookworm. */
  readonly stack?: string;
  readonly name: string;
  /** Default: 1. */
  readonly workers?: number;
  readonly backend?: Backend;
  /** As `loadNetwork` takes it. Default: the network of the cluster. */
  readonly cni?: string;
  readonly source: readonly OwnSource[];
  readonly patch: boolean;
  readonly yes?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly json?: boolean;
  /** Milliseconds. */
  readonly lockTimeout: number;
}

/**
 * Throws UserError (exit code `badInput`) for sources, a stack or a network that do not exist. `mayWrite`: whether a download may be
 * kept in the cache.
 */
export const contextOfRun = async (
  world: World,
  {stack, name, workers = 1, backend, cni, source, patch, yes = false}: Omit<RunOptions, 'lockTimeout'>,
  {say, mayWrite}: {readonly say: (line: string) => void; readonly mayWrite: boolean},
): Promise<DemoContext> => {
  refuseAmbiguous(source, patch);
  const cluster = {name, workers, ...(backend && {backend})};
  const context = await contextOf(world, {stack, cluster, mayInstall: yes}, say);
  return withNetwork(context, cni, {signal: world.signal, mayWrite});
};

/** Throws UserError for a network that cannot be used, or whose program routes the packets of pods itself, with --backend. */
const withNetwork = async (
  context: DemoContext,
  choice: string | undefined,
  how: {readonly signal: AbortSignal; readonly mayWrite: boolean},
): Promise<DemoContext> => {
  const {cluster, dirs, stack} = context;
  const options = {dir: project.networks, podSubnet: stack.cluster.podSubnet, dirs, ...how};
  const cni = choice === undefined ? undefined : await loadNetwork(choice, options);
  const used = cni ?? (await readNetwork(dirs, cluster.name)).network ?? ownNetwork;
  if (cluster.backend !== undefined && used !== ownNetwork && !hasOwnRoutes(used))
    throw new UserError({
      what: `--backend ${cluster.backend} does not fit network ${used.name}`,
      why: 'this network routes packets between the nodes itself',
      tryThis: 'leave out --backend, or choose another network with --cni',
      code: 'KNI-E224',
    });
  return {...context, cluster: {...cluster, ...(cni !== undefined && {cni})}};
};

/** Without `stack`, takes that of the cluster, or else the default, and says why. */
export const contextOf = async (
  world: World,
  {
    stack,
    ...options
  }: {readonly stack: string | undefined; readonly cluster: ClusterChoice; readonly mayInstall?: boolean},
  say: (line: string) => void,
): Promise<DemoContext> => {
  const choice = stack === undefined ? await chooseStack(world, options.cluster.name) : {stack};
  const context = await demoContext(world, {...options, stack: choice.stack});
  if ('why' in choice) say(`stack ${choice.stack}: ${choice.why}`);
  return context;
};

const refuseAmbiguous = (source: readonly OwnSource[], patch: boolean): void => {
  const twice = source.find(
    ({component}, index) => source.findIndex((each) => each.component === component) < index,
  );
  const why =
    twice !== undefined
      ? `--source ${twice.component}= was given twice`
      : !patch && source.length === 0
        ? '--no-patch needs your own source (--source)'
        : undefined;
  if (why === undefined) return;
  throw new UserError({
    what: 'invalid sources',
    why,
    tryThis: 'see kni-demo up --help',
    code: 'KNI-E204',
  });
};

export interface PlannedRun {
  readonly plan: Plan<DemoContext>;
  /** With the nodes that the plan builds. */
  readonly context: DemoContext;
  /** Undefined if an input cannot be read. The run will report it. */
  readonly fingerprintOf: FingerprintOf | undefined;
}

/** Resolves the user's own sources, which needs git. Throws UserError if one of them cannot be used. */
export const planRun = async (
  context: DemoContext,
  {source, patch, cni}: Pick<RunOptions, 'source' | 'patch' | 'cni'>,
  signal: AbortSignal,
): Promise<PlannedRun> => {
  const own: ResolvedSource[] = [];
  for (const each of source) own.push(await resolveOwnSource(each, patch, context, signal));
  const plan = demoPlan(context.stack, own);
  const fingerprintOf = await fingerprintsIfKnown(plan, context);
  return {
    plan,
    context: {
      ...context,
      repeatedFlags: [...(cni === undefined ? [] : ['--cni', cni]), ...sourceFlags({source, patch})],
      ...(fingerprintOf && {plannedNodes: plannedNodesOf({fingerprintOf})}),
    },
    fingerprintOf,
  };
};

const fingerprintsIfKnown = (
  plan: Plan<DemoContext>,
  context: DemoContext,
): Promise<FingerprintOf | undefined> =>
  fingerprintsOf(plan, context).catch((error: unknown) => {
    if (!(error instanceof InputsError)) throw error;
    return undefined;
  });

/** Refuses a name that is taken before minutes are spent on building. */
export const refuseConflictEarly = async (context: DemoContext, signal: AbortSignal): Promise<void> => {
  if (context.plannedNodes === undefined) return;
  try {
    await findCluster(context, signal);
  } catch (error) {
    // Not knowable yet, because docker is missing or stopped. The task of the cluster looks again.
    if (!(error instanceof CommandError)) throw error;
  }
};
