/** What a machine is or is not: nothing that we could bring. */

import {join} from 'node:path';
import {exists} from '../../cache/files.ts';
import {missing, noted, type Requirement, there} from '../lib/requirement.ts';

const gibibyte = 2 ** 30;
const needed = {disk: 15 * gibibyte, diskWhenBuilt: 4 * gibibyte, memory: 4 * gibibyte} as const;
const inGibibytes = (bytes: number): string => `${Math.round(bytes / gibibyte)} GB`;

export const system: Requirement = {
  id: 'host/system',
  name: 'system',
  title: 'Check the system',
  async look({architecture, stack, machine}) {
    const cgroups = await machine.cgroupMode();
    if (cgroups === 'none') {
      return missing('no cgroups are mounted', {advice: 'mount cgroup v2 at /sys/fs/cgroup'});
    }
    return there(`Linux ${architecture}, Node.js ${process.version}, cgroup ${cgroups}; stack ${stack.name}`);
  },
};

export const room: Requirement = {
  id: 'host/room',
  name: 'room',
  title: 'Check disk and memory',
  async look({dirs, machine}) {
    const {disk, memory, cores} = await machine.roomAt(dirs.cache);
    const built = await exists(join(dirs.cache, 'go-build'));
    const wanted = built ? needed.diskWhenBuilt : needed.disk;
    const says = `${inGibibytes(disk)} free for ${dirs.cache}, ${inGibibytes(memory)} memory, ${cores} cores`;
    for (const directory of [dirs.cache, dirs.state]) {
      const why = await machine.whyNotWritable(directory);
      if (why !== undefined) {
        return missing(`${directory} is not writable: ${why}`, {
          advice: 'set XDG_CACHE_HOME and XDG_STATE_HOME to directories of your own',
        });
      }
    }
    if (disk < wanted) {
      return missing(says, {
        advice: `free ${inGibibytes(wanted)} there, or set XDG_CACHE_HOME to a larger disk`,
      });
    }
    if (memory < needed.memory * 0.9) {
      return missing(says, {advice: `the build and the nodes need ${inGibibytes(needed.memory)} of memory`});
    }
    return there(says);
  },
};

export const inotify: Requirement = {
  id: 'host/inotify',
  name: 'inotify',
  title: 'Check inotify limits',
  async look({cluster, machine}) {
    const instances = await machine.inotifyInstances();
    const wanted = 64 * (cluster.workers + 1);
    if (!(instances < wanted)) return there(`${instances} instances a user`);
    return noted(
      `${instances} instances a user may be few for ${cluster.workers + 1} nodes: sysctl -w fs.inotify.max_user_instances=512`,
    );
  },
};
