/** Requires writable cache and state directories, disk space and memory. */

import {join} from 'node:path';
import {exists} from '../../cache/files.ts';
import {goCaches} from '../lib/container.ts';
import {adviseOn, present, type Requirement} from '../lib/requirement.ts';

const gibibyte = 2 ** 30;
const inGibibytes = (bytes: number): string => `${Math.round(bytes / gibibyte)} GB`;

interface Room {
  /** Who needs it, for the message. */
  readonly users: string;
  /** Gibibytes. */
  readonly disk: number;
  /** Gibibytes, if an earlier run has built most of it. */
  readonly diskWhenBuilt: number;
  /** The directory of the cache that such a run has made. */
  readonly madeByBuild: string;
  /** Gibibytes. */
  readonly memory: number;
}

const roomFor = (needed: Room): Requirement => ({
  id: 'host/room',
  name: 'room',
  title: 'Check disk and memory',
  async check({dirs, machine}) {
    for (const directory of [dirs.cache, dirs.state]) {
      const why = await machine.whyNotWritable(directory);
      if (why !== undefined) {
        return adviseOn(
          `${directory} is not writable: ${why}`,
          'set XDG_CACHE_HOME and XDG_STATE_HOME to directories of your own',
        );
      }
    }
    const {disk, memory, cores} = await machine.roomAt(dirs.cache);
    const built = await exists(join(dirs.cache, needed.madeByBuild));
    const wanted = (built ? needed.diskWhenBuilt : needed.disk) * gibibyte;
    const found = `${inGibibytes(disk)} free for ${dirs.cache}, ${inGibibytes(memory)} memory, ${cores} cores`;
    if (disk < wanted)
      return adviseOn(found, `free ${inGibibytes(wanted)} there, or set XDG_CACHE_HOME to a larger disk`);
    // A machine sold with 4 GB reports a little less.
    if (memory < needed.memory * gibibyte * 0.9)
      return adviseOn(found, `${needed.users} ${needed.memory} GB of memory`);
    return present(found);
  },
});

export const room = roomFor({
  users: 'the build and the nodes need',
  disk: 15,
  diskWhenBuilt: 4,
  madeByBuild: goCaches.stack,
  memory: 4,
});
/** Its image has compilers and libraries, but no part of a cluster. */
export const compilerRoom = roomFor({
  users: 'the Go compiler needs',
  disk: 3,
  diskWhenBuilt: 2,
  madeByBuild: goCaches.runtimes,
  memory: 1,
});
