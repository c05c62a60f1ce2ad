/** What down removes: what we made, and nothing else. */

import {readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import type {Dirs} from '../cache/dirs.ts';
import {exists, removeTree} from '../cache/files.ts';
import {recordedImages} from '../cache/images.ts';
import {listCache, removeCache} from '../cache/inventory.ts';
import {requireOurDirectory} from '../cache/marker.ts';
import {
  dockerUnavailable,
  engineIdOf,
  forgetCluster,
  nodesOf,
  readRecord,
  recordedClusters,
} from '../cluster/cluster.ts';
import {isOurs, refuseForeign} from '../cluster/ownership.ts';
import {UserError} from '../errors.ts';
import {exitCodes} from '../exit-codes.ts';
import {CommandError} from '../host/command-error.ts';
import type {Command, CommandResult} from '../host/host.ts';
import {mountPointsIn} from '../host/mounts.ts';
import type {DemoContext} from '../stages/context.ts';
import {engineOf, ownLink, startedEngine} from '../stages/lib/managed-engine.ts';
import {removeCluster} from '../stages/setup/cluster.ts';
import {dataRoot, listOurImages, listUsedImages, removeImages} from '../tools/docker.ts';
import {unmount} from '../tools/umount.ts';
import {type ForeignContent, foreignContents} from './engine-contents.ts';
import {engineRemovals} from './engine-removals.ts';
import type {Removal, Removals} from './removal.ts';

type Surroundings = Pick<DemoContext, 'host' | 'dirs'>;

interface ClusterRemoval extends Removal {
  readonly cluster: string;
}

export interface Wanted {
  readonly name: string;
  /** All clusters of ours, and the engine that we started. */
  readonly all: boolean;
  /** Images, the cache, logs and state, too. */
  readonly purge: boolean;
  /** With `purge`: also what others have in the engine that we brought. */
  readonly purgeForeign: boolean;
  /** `DOCKER_HOST=…`, where docker is pointed to another engine than that of this machine. */
  readonly dockerHost: string | undefined;
  readonly signal: AbortSignal;
}

/** Throws UserError where it cannot be told, or is not ours. */
export const removalsFor = async (context: Surroundings, wanted: Wanted): Promise<Removals> => {
  const {all, purge} = wanted;
  const ours = await clusters(context, wanted);
  const elsewhere = all && !purge ? await clustersElsewhere(context, ours, wanted) : [];
  const foreign = all ? await foreignContents(context.dirs) : [];
  if (purge && !wanted.purgeForeign) refuseForeignContents(foreign);
  const busy = foreign.filter(({running}) => running).map(({name}) => name);
  const keepEngine = !purge && busy.length > 0 && (await startedEngine(context.dirs)) !== undefined;
  const engine = all && !keepEngine ? await engineRemovals(context, wanted) : {removals: [], kept: []};
  const unused = purge ? await images(context, ours, wanted) : {removals: [], kept: []};
  return {
    removals: [
      ...ours,
      ...unused.removals,
      ...(purge ? foreign.map(goesWithEngine) : []),
      ...engine.removals,
      ...(purge ? await files(context, wanted) : []),
    ],
    kept: [
      ...elsewhere.map(({cluster, why}) => `cluster ${cluster}: ${why}`),
      ...unused.kept,
      ...engine.kept,
      ...(keepEngine ? [`the docker engine: other containers run in it: ${busy.join(', ')}`] : []),
    ],
  };
};

const clusters = async (context: Surroundings, wanted: Wanted): Promise<readonly ClusterRemoval[]> => {
  const {name, all, purge, signal} = wanted;
  const nodes = await unlessEngineIsGone(nodesOf(context.host, undefined, signal), undefined);
  if (nodes === undefined) {
    await refuseHidden(context.dirs, wanted);
    return [];
  }
  if (!all)
    await refuseForeign(
      context.dirs,
      name,
      nodes.filter(({cluster}) => cluster === name),
    );
  const names: string[] = [];
  for (const cluster of new Set(nodes.map((node) => node.cluster))) {
    const members = nodes.filter((node) => node.cluster === cluster);
    if ((all || cluster === name) && (await isOurs(context.dirs, cluster, members))) names.push(cluster);
  }
  const removals = names.map((cluster) => {
    const members = nodes.filter((node) => node.cluster === cluster).map((node) => node.name);
    return {
      cluster,
      what: `cluster ${cluster}: ${members.join(', ')}`,
      remove: () => removeCluster(context, cluster, signal),
    };
  });
  if (!all || purge) await refuseElsewhere(context, removals, wanted);
  if (!all && names.length === 0) await forgetCluster(context.dirs, name);
  return removals;
};

const goesWithEngine = ({kind, name}: ForeignContent): Removal => ({
  what: `${kind} ${name}, with the docker engine`,
  remove: async () => undefined,
});

/** The docker command of our engine is on the PATH, so that people use the engine for other things. */
const refuseForeignContents = (foreign: readonly ForeignContent[]): void => {
  if (foreign.length === 0) return;
  throw new UserError({
    what: 'cannot remove the docker engine that kni-demo brought',
    why: [
      'it has what kni-demo did not make for this state directory:',
      ...foreign.map(({kind, name}) => `${kind} ${name}`),
    ].join('\n'),
    tryThis: 'remove these first, or let them go with the engine: kni-demo down --purge --purge-foreign',
    exitCode: exitCodes.conflict,
  });
};

interface Elsewhere {
  readonly cluster: string;
  readonly why: string;
}

/** Clusters on record whose own engine has not confirmed that they are gone. */
const clustersElsewhere = async (
  {host, dirs}: Surroundings,
  found: readonly ClusterRemoval[],
  {name, all, purge, dockerHost, signal}: Wanted,
): Promise<readonly Elsewhere[]> => {
  const elsewhere: Elsewhere[] = [];
  for (const cluster of await recordedClusters(dirs)) {
    if ((!all && cluster !== name) || found.some((each) => each.cluster === cluster)) continue;
    const recorded = (await readRecord(dirs, cluster))?.engine;
    if (purge && recorded !== undefined && recorded === (await ownEngineId(dirs))) continue;
    if (recorded === undefined) {
      if (dockerHost !== undefined)
        elsewhere.push({
          cluster,
          why: `its record does not name its docker engine, and ${dockerHost} is set`,
        });
      continue;
    }
    const current = await engineIdOf(host, signal);
    if (recorded !== current)
      elsewhere.push({
        cluster,
        why: `it is in the docker engine ${recorded}, and docker answers from the engine ${current}`,
      });
  }
  return elsewhere;
};

/** To forget a cluster in another engine would leave it behind. */
const refuseElsewhere = async (
  context: Surroundings,
  found: readonly ClusterRemoval[],
  wanted: Wanted,
): Promise<void> => {
  const elsewhere = await clustersElsewhere(context, found, wanted);
  if (elsewhere.length === 0) return;
  throw new UserError({
    what: `cannot remove cluster ${elsewhere.map(({cluster}) => cluster).join(', ')}`,
    why: elsewhere.map(({why}) => why).join('\n'),
    tryThis:
      wanted.dockerHost === undefined
        ? 'point docker to that engine (DOCKER_HOST, docker context), then run it again'
        : `unset ${wanted.dockerHost.split('=')[0]}, or point docker to that engine, then run it again`,
    exitCode: exitCodes.conflict,
  });
};

/** An image goes if this cache made it and no container uses it, but those of the clusters that go before. */
const images = async (
  {host, dirs}: Surroundings,
  ours: readonly ClusterRemoval[],
  {signal}: Wanted,
): Promise<Removals> => {
  const ask = (command: Command): Promise<CommandResult> =>
    unlessEngineIsGone(host.run(command, {signal}), {stdout: '', stderr: ''});
  const all = rowsOf(await ask(listOurImages));
  if (all.length === 0) return {removals: [], kept: []};
  // The images of the engine that we brought lie in the cache, and go with it.
  if ((await ask(dataRoot)).stdout.trim() === engineOf(dirs).dataRoot) return {removals: [], kept: []};
  const going = new Set(ours.map(({cluster}) => cluster));
  const used = new Set(
    rowsOf(await ask(listUsedImages)).flatMap(([image, cluster]) => (going.has(cluster) ? [] : [image])),
  );
  const made = await recordedImages(dirs);
  const others = all.flatMap(([image]) => (made.has(image) ? [] : [image]));
  return {
    removals: all
      .filter(([image]) => made.has(image) && !used.has(image))
      .map(([image, size]) => ({
        what: `image ${image}, ${size}`,
        remove: () => host.run(removeImages([image]), {signal}),
      })),
    kept: [
      ...all.flatMap(([image]) =>
        made.has(image) && used.has(image) ? [`image ${image}: a container uses it`] : [],
      ),
      ...(others.length === 0
        ? []
        : [
            `images without a record that this cache made them; if nobody needs them: docker rmi ${others.join(' ')}`,
          ]),
    ],
  };
};

const rowsOf = ({stdout}: CommandResult): readonly (readonly [string, string])[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [first = '', second = ''] = line.split('\t');
      return [first, second];
    });

const files = async ({host, dirs}: Surroundings, {signal}: Wanted): Promise<readonly Removal[]> => {
  await requireOurDirectory(dirs, 'cache');
  await requireOurDirectory(dirs, 'state');
  const kept = await listCache(dirs);
  const megabytes = Math.round(kept.reduce((sum, {bytes}) => sum + bytes, 0) / 2 ** 20);
  const link = await ownLink(dirs);
  return [
    ...(link === undefined ? [] : [{what: `the link ${link}`, remove: () => rm(link, {force: true})}]),
    ...(kept.length === 0
      ? []
      : [
          {
            what: `the cache ${dirs.cache}, ${megabytes} MB`,
            async remove() {
              // An engine that was killed leaves its data mounted over itself.
              for (const point of await mountPointsIn(dirs.cache)) await host.run(unmount(point), {signal});
              await removeCache(dirs);
            },
          },
        ]),
    ...(!(await exists(dirs.state))
      ? []
      : [{what: `logs and state in ${dirs.state}`, remove: () => removeTree(dirs.state)}]),
  ];
};

/** A cluster in an engine that does not run cannot be removed; to forget it would leave it behind. */
const refuseHidden = async (dirs: Dirs, {name, all, purge, dockerHost}: Wanted): Promise<void> => {
  const hidden = (await recordedClusters(dirs)).filter((each) => all || each === name);
  if (hidden.length === 0) return;
  const cannot = {what: `cannot remove cluster ${hidden.join(', ')}`, exitCode: exitCodes.hostLacks};
  if (dockerHost !== undefined) {
    throw new UserError({
      ...cannot,
      why: `no docker engine answers at ${dockerHost}`,
      tryThis: `start that engine, or unset ${dockerHost.split('=')[0]}, then run it again`,
    });
  }
  const goWithEngine = await allIn(dirs, hidden);
  if (purge && goWithEngine) return;
  throw new UserError({
    ...cannot,
    why: 'no docker engine runs, and the cluster is in one',
    tryThis: [
      'start the engine, then run it again',
      ...(goWithEngine ? ['or remove the engine with all that is in it: kni-demo down --purge'] : []),
    ].join('\n'),
  });
};

/** Whether the clusters are in the engine that we brought, as far as their records tell. */
const allIn = async (dirs: Dirs, names: readonly string[]): Promise<boolean> => {
  if (!(await exists(engineOf(dirs).dataRoot))) return false;
  const own = await ownEngineId(dirs);
  for (const name of names) {
    const recorded = (await readRecord(dirs, name))?.engine;
    if (recorded !== undefined && recorded !== own) return false;
  }
  return true;
};

/** The id of the engine that we brought, also while it does not run. */
const ownEngineId = async (dirs: Dirs): Promise<string | undefined> =>
  (await readFile(join(engineOf(dirs).dataRoot, 'engine-id'), 'utf8').catch(() => undefined))?.trim();

/** Without an engine there are no containers and no images. */
const unlessEngineIsGone = async <T, U>(answer: Promise<T>, otherwise: U): Promise<T | U> => {
  try {
    return await answer;
  } catch (error) {
    if (
      error instanceof CommandError &&
      /cannot connect|not found|no such file/i.test(`${error.reason} ${error.output}`)
    ) {
      return otherwise;
    }
    if (error instanceof CommandError)
      throw dockerUnavailable(error, 'cannot look for what is to be removed');
    throw error;
  }
};
