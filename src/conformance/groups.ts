/** All requirements of the suite. */

import type {Group, Requirement} from './requirement.ts';
import {attachment} from './requirements/attach.ts';
import {concurrency} from './requirements/concurrency.ts';
import {creation} from './requirements/create.ts';
import {timing} from './requirements/deadlines.ts';
import {deletion} from './requirements/delete.ts';
import {hostile} from './requirements/hostile.ts';
import {kills} from './requirements/kill.ts';
import {leaks} from './requirements/leaks.ts';
import {load} from './requirements/load.ts';
import {readiness} from './requirements/readiness.ts';
import {restarts} from './requirements/restart.ts';
import {wire} from './requirements/wire.ts';

export const groups: readonly Group[] = [
  wire,
  creation,
  attachment,
  deletion,
  concurrency,
  leaks,
  readiness,
  restarts,
  hostile,
  timing,
  kills,
  load,
];

export const allRequirements: readonly Requirement[] = groups.flatMap(({requirements}) => requirements);
