/** All drills, in the order of --all. */

import {attack} from './attack.ts';
import type {Drill} from './drill.ts';
import {exhaustion} from './exhaustion.ts';
import {failedAdd} from './failed-add.ts';
import {hostport} from './hostport.ts';
import {leak} from './leak.ts';
import {life} from './life.ts';
import {multiNetwork} from './multi-network.ts';
import {ownership} from './ownership.ts';
import {readiness} from './readiness.ts';
import {restart} from './restart.ts';

export const drills: readonly Drill[] = [
  life,
  readiness,
  restart,
  exhaustion,
  failedAdd,
  leak,
  ownership,
  hostport,
  multiNetwork,
  attack,
];
