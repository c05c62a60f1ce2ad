/** Requires mounted cgroups, and reports the system. */

import {adviseOn, present, type Requirement} from '../lib/requirement.ts';

export const system: Requirement = {
  id: 'host/system',
  name: 'system',
  title: 'Check the system',
  async check({architecture, stack, machine}) {
    const cgroups = await machine.cgroupMode();
    if (cgroups === 'none') return adviseOn('no cgroups are mounted', 'mount cgroup v2 at /sys/fs/cgroup');
    return present(
      `Linux ${architecture}, Node.js ${process.version}, cgroup ${cgroups}; stack ${stack.name}`,
    );
  },
};
