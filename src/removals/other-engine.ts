/** Clusters on record that docker does not show now: they are in another engine, or their engine is stopped. */

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Dirs} from '../cache/dirs.ts';
import {exists} from '../cache/files.ts';
import {dockerUnavailable, engineIdOf, readRecord, recordedClusters} from '../cluster/cluster.ts';
import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import {managedEngine} from '../stages/lib/managed-engine.ts';
import type {RemovalContext, RemovalOptions} from './removal.ts';

export interface ClusterElsewhere {
  readonly cluster: string;
  readonly why: string;
}

/** Clusters on record that are not `found` here, and whose own engine has not confirmed that they are gone. */
export const clustersElsewhere = async (
  {host, dirs}: RemovalContext,
  found: readonly string[],
  {name, all, purge, dockerHost, signal}: RemovalOptions,
): Promise<readonly ClusterElsewhere[]> => {
  const elsewhere: ClusterElsewhere[] = [];
  for (const cluster of await recordedClusters(dirs)) {
    if ((!all && cluster !== name) || found.includes(cluster)) continue;
    const recorded = (await readRecord(dirs, cluster))?.engine;
    if (purge && recorded !== undefined && recorded === (await managedEngineId(dirs))) continue;
    const why =
      recorded === undefined
        ? dockerHost && `its record does not name its docker engine, and ${dockerHost} is set`
        : whyElsewhere(recorded, await engineIdOf(host, signal));
    if (why !== undefined) elsewhere.push({cluster, why});
  }
  return elsewhere;
};

const whyElsewhere = (recorded: string, current: string): string | undefined =>
  recorded === current
    ? undefined
    : `it is in the docker engine ${recorded}; docker is connected to the engine ${current}`;

/** Refuses to drop the record of a cluster in another engine, because the cluster would remain. */
export const refuseOtherEngine = async (
  context: RemovalContext,
  found: readonly string[],
  options: RemovalOptions,
): Promise<void> => {
  const elsewhere = await clustersElsewhere(context, found, options);
  if (elsewhere.length === 0) return;
  throw new UserError({
    what: `cannot remove cluster ${elsewhere.map(({cluster}) => cluster).join(', ')}`,
    why: elsewhere.map(({why}) => why).join('\n'),
    tryThis:
      options.dockerHost === undefined
        ? 'point docker to that engine (DOCKER_HOST, docker context), then run it again'
        : `unset ${variableIn(options.dockerHost)}, or point docker to that engine, then run it again`,
    code: 'KNI-E404',
  });
};

const variableIn = (dockerHost: string): string => dockerHost.split('=')[0] ?? '';

/** Refuses to drop the records of clusters whose engine does not run, because the clusters would remain. */
export const refuseUnreachable = async (
  dirs: Dirs,
  {name, all, purge, dockerHost}: RemovalOptions,
): Promise<void> => {
  const unreachable = (await recordedClusters(dirs)).filter((each) => all || each === name);
  if (unreachable.length === 0) return;
  const error = {what: `cannot remove cluster ${unreachable.join(', ')}`, code: 'KNI-E304' as const};
  if (dockerHost !== undefined) {
    throw new UserError({
      ...error,
      why: `no docker engine answers at ${dockerHost}`,
      tryThis: `start that engine, or unset ${variableIn(dockerHost)}, then run it again`,
    });
  }
  const inManagedEngine = await allInManagedEngine(dirs, unreachable);
  if (purge && inManagedEngine) return;
  throw new UserError({
    ...error,
    why: 'the docker engine of the cluster is not running',
    tryThis: [
      'start the engine, then run it again',
      ...(inManagedEngine ? ['or remove the engine with everything in it: kni-demo down --purge'] : []),
    ].join('\n'),
  });
};

/** Whether these clusters are in the engine that kni-demo installed. Records of old versions do not name an engine. */
const allInManagedEngine = async (dirs: Dirs, names: readonly string[]): Promise<boolean> => {
  if (!(await exists(managedEngine(dirs).dataRoot))) return false;
  const managed = await managedEngineId(dirs);
  for (const name of names) {
    const recorded = (await readRecord(dirs, name))?.engine;
    if (recorded !== undefined && recorded !== managed) return false;
  }
  return true;
};

/** Read from the engine's files, so the engine need not run. */
const managedEngineId = async (dirs: Dirs): Promise<string | undefined> =>
  (await readFile(join(managedEngine(dirs).dataRoot, 'engine-id'), 'utf8').catch(() => undefined))?.trim();

/** Returns `otherwise` if the docker engine is not running. Then nothing in it can be listed. */
export const withoutEngine = async <T, U>(answer: Promise<T>, otherwise: U): Promise<T | U> => {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (/cannot connect|not found|no such file/i.test(`${error.reason} ${error.output}`)) return otherwise;
    throw dockerUnavailable(error, 'cannot list what to remove');
  }
};
