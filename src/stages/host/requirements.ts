/** What the demo needs of this machine. */

import type {Requirement} from '../lib/requirement.ts';
import {engine, packages, running} from './engine.ts';
import {kind} from './kind.ts';
import {inotify, room, system} from './room.ts';

/** In the order in which they are brought. */
export const requirements: readonly Requirement[] = [system, room, inotify, packages, engine, running, kind];
