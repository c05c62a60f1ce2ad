/** What the demo needs of this machine. */

import {engine, packages, running} from './engine.ts';
import type {Requirement} from './finding.ts';
import {kind} from './kind.ts';
import {inotify, room, system} from './machine-checks.ts';

/** In the order in which they are brought. */
export const requirements: readonly Requirement[] = [system, room, inotify, packages, engine, running, kind];
