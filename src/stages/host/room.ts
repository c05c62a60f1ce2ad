/** Requires writable cache and state directories, disk space and memory. */

import {join} from 'node:path';
import {exists} from '../../cache/files.ts';
import {adviseOn, present, type Requirement} from '../lib/requirement.ts';

const gibibyte = 2 ** 30;
const needed = {disk: 15 * gibibyte, diskWhenBuilt: 4 * gibibyte, memory: 4 * gibibyte} as const;
const inGibibytes = (bytes: number): string => `${Math.round(bytes / gibibyte)} GB`;

export const room: Requirement = {
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
    const built = await exists(join(dirs.cache, 'go-build'));
    const wanted = built ? needed.diskWhenBuilt : needed.disk;
    const found = `${inGibibytes(disk)} free for ${dirs.cache}, ${inGibibytes(memory)} memory, ${cores} cores`;
    if (disk < wanted)
      return adviseOn(found, `free ${inGibibytes(wanted)} there, or set XDG_CACHE_HOME to a larger disk`);
    // A machine sold with 4 GB reports a little less.
    if (memory < needed.memory * 0.9)
      return adviseOn(found, `the build and the nodes need ${inGibibytes(needed.memory)} of memory`);
    return present(found);
  },
};
