/** Requires the packages that our docker engine needs. With another engine, nothing is installed. */

import {isExecutable} from '../../host/machine.ts';
import {installPackages, updateLists} from '../../tools/apt.ts';
import {askEngine} from '../lib/ask-engine.ts';
import {dockerdIn, installWithSystem, usableDockerd} from '../lib/dockerd.ts';
import {managedEngine} from '../lib/managed-engine.ts';
import {recordPackages} from '../lib/packages-record.ts';
import {adviseOn, missing, present, type Requirement} from '../lib/requirement.ts';

export const packages: Requirement = {
  id: 'host/packages',
  name: 'packages',
  title: 'Install packages that the docker engine needs',
  async check({host, stack, machine, dirs}, signal) {
    if ((await askEngine(host, signal)).kind !== 'absent') return present('none needed: docker is running');
    if (await usableDockerd(host, machine)) return present('none needed: docker is installed');
    // Only building needs mmdebstrap. If the engine came with a bundle, everything may be built already.
    const unpacked = await isExecutable(dockerdIn(managedEngine(dirs).root));
    const wanted = [...stack.engine.hostPackages, ...(unpacked ? [] : ['mmdebstrap'])];
    const absent: string[] = [];
    for (const name of wanted) if ((await machine.whereIs(name)) === undefined) absent.push(name);
    if (absent.length === 0) return present(wanted.join(', '));
    const message = absent.join(', ');
    if (!(await machine.mirrors())) return adviseOn(message, installWithSystem);
    return missing(message, {
      needsRoot: true,
      commands: [updateLists, installPackages(absent)],
      record: () => recordPackages(dirs, absent),
    });
  },
};
