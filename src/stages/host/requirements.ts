/** All requirements on this machine, in the order in which kni-demo installs them. */

import {present, type Requirement} from '../lib/requirement.ts';
import {engine} from './engine.ts';
import {engineRunning} from './engine-running.ts';
import {inotify} from './inotify.ts';
import {kind} from './kind.ts';
import {packages} from './packages.ts';
import {compilerRoom, room} from './room.ts';
import {system} from './system.ts';

export const requirements: readonly Requirement[] = [
  system,
  room,
  inotify,
  packages,
  engine,
  engineRunning,
  kind,
];

const notNeeded = (requirement: Requirement): Requirement => ({
  ...requirement,
  check: async () => present('not needed'),
});

/** To compile a network runtime without a cluster. The ids are those of `requirements`: the names of images depend on them. */
export const compilerRequirements: readonly Requirement[] = [
  system,
  compilerRoom,
  notNeeded(inotify),
  packages,
  engine,
  engineRunning,
  notNeeded(kind),
];

export const requirementIds: readonly string[] = requirements.map(({id}) => id);
