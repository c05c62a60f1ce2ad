/** All requirements on this machine, in the order in which kni-demo installs them. */

import type {Requirement} from '../lib/requirement.ts';
import {engine} from './engine.ts';
import {engineRunning} from './engine-running.ts';
import {inotify} from './inotify.ts';
import {kind} from './kind.ts';
import {packages} from './packages.ts';
import {room} from './room.ts';
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

export const requirementIds: readonly string[] = requirements.map(({id}) => id);
