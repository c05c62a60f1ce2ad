/** The cache, the state, and the link to the docker command. */

import {rm} from 'node:fs/promises';
import {lockName} from '../cache/dirs.ts';
import {namesIn} from '../cache/files.ts';
import {listCache, removeDirectory} from '../cache/inventory.ts';
import {requireOurDirectory} from '../cache/marker.ts';
import {mountPointsIn} from '../host/mounts.ts';
import {managedLink} from '../stages/lib/managed-engine.ts';
import {unmount} from '../tools/umount.ts';
import type {Removal, RemovalContext, RemovalOptions} from './removal.ts';

/** Throws UserError for a directory without kni-demo's marker. */
export const directoryRemovals = async (
  {host, dirs}: RemovalContext,
  {signal}: RemovalOptions,
): Promise<readonly Removal[]> => {
  await requireOurDirectory(dirs, 'cache');
  await requireOurDirectory(dirs, 'state');
  const removals: Removal[] = [];
  const link = await managedLink(dirs);
  if (link !== undefined) removals.push({what: `the link ${link}`, remove: () => rm(link, {force: true})});
  const entries = await listCache(dirs);
  if (entries.length > 0) {
    const megabytes = Math.round(entries.reduce((sum, {bytes}) => sum + bytes, 0) / 2 ** 20);
    removals.push({
      what: `the cache ${dirs.cache}, ${megabytes} MB`,
      async remove() {
        // A killed engine leaves mount points in its data directory.
        for (const point of await mountPointsIn(dirs.cache)) await host.run(unmount(point), {signal});
        await removeDirectory(dirs.cache);
      },
    });
  }
  if ((await namesIn(dirs.state)).some((name) => name !== lockName))
    removals.push({what: `logs and state in ${dirs.state}`, remove: () => removeDirectory(dirs.state)});
  return removals;
};
