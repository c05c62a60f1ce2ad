/** What the demo needs of this machine. */

import {join} from 'node:path';
import {project} from '../../project.ts';
import {engine, packages, running} from './engine.ts';
import type {Requirement} from './finding.ts';
import {kind} from './kind.ts';
import {inotify, room, system} from './machine-checks.ts';

/** In the order in which they are brought. */
export const requirements: readonly Requirement[] = [system, room, inotify, packages, engine, running, kind];

/** Only root may install and start what needs it; said before anything is run. */
export const rootAdvice = `run it as root: sudo ${process.argv0} ${join(project.root, 'bin/kni-demo.js')} up --yes`;
