/** Warns if the limit of inotify instances may be too low: systemd, containerd and kubelet of each node use some. */

import {present, type Requirement, warning} from '../lib/requirement.ts';

export const inotify: Requirement = {
  id: 'host/inotify',
  name: 'inotify',
  title: 'Check inotify limits',
  async check({cluster, machine}) {
    const instances = await machine.inotifyInstances();
    const nodes = cluster.workers + 1;
    // An unknown limit is NaN, which also leads to the warning.
    if (!(instances < 64 * nodes)) return present(`${instances} instances per user`);
    return warning(
      `${instances} instances per user may be too few for ${nodes} nodes: sysctl -w fs.inotify.max_user_instances=512`,
    );
  },
};
