/** Undoes, or only reports, the changes that an interrupted command left on a cluster. */

import {restoreChanges} from '../changes/changes.ts';
import {isAtWork, readChanges, summarizeChanges, summarizeRecord} from '../changes/record.ts';
import type {ClusterPlace} from '../cluster/cluster.ts';
import {lineWriter} from '../view/stream.ts';
import {hostAndDirs} from './context.ts';
import {Cancelled} from './report.ts';
import {runLocked} from './run-locked.ts';
import type {World} from './world.ts';

/** Milliseconds to wait for another kni-demo, which says that it waits. */
const restoreTimeout = 600_000;

/** For commands that change a running cluster without the lock. Takes the lock only if there is something to restore. */
export const restoreFirst = async (world: World, name: string, command: string): Promise<void> => {
  const place = hostAndDirs(world);
  const record = await readChanges(place.dirs, name);
  if (record === undefined) return;
  const {signal} = world;
  const say = lineWriter(world.stderr);
  if (isAtWork(place.dirs, record)) return say(`note: ${summarizeRecord(place.dirs, name, record).what}`);
  await runLocked(place.dirs, {command, lockTimeout: restoreTimeout, say, signal}, () =>
    restoreLocked(world, place, name),
  );
};

/** For commands that hold the lock. `mayStart` allows to start the nodes, without which nothing can be restored. */
export const restoreLocked = async (
  {signal, stderr}: World,
  place: ClusterPlace,
  name: string,
  mayStart = false,
): Promise<void> => {
  await restoreChanges(place, {cluster: name, signal, say: lineWriter(stderr), mayStart});
};

/** For work whose changes are undone after Ctrl-C: the same command does not continue it. */
export const startingAnew = async <T>({signal}: World, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Cancelled('run the same command again; it starts from the beginning', {cause: error});
  }
};

/** For commands that only read. A record that cannot be read is mentioned, too. */
export const noteChanges = async (world: World, name: string): Promise<void> => {
  const {dirs} = hostAndDirs(world);
  const say = lineWriter(world.stderr);
  const found = await summarizeChanges(dirs, name);
  if (found === undefined) return;
  say(`note: ${found.what}`);
  if (found.tryThis !== undefined) say(`      ${found.tryThis}`);
};
