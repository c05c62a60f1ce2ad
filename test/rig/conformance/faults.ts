/** A fault of the model runtime for each requirement, which violates it. */
import type {Fault} from './fault.ts';
import {attachFaults} from './faults-attach.ts';
import {createFaults} from './faults-create.ts';
import {deleteFaults} from './faults-delete.ts';
import {hostileFaults} from './faults-hostile.ts';
import {leakFaults} from './faults-leaks.ts';
import {restartFaults} from './faults-restart.ts';
import {timeFaults} from './faults-time.ts';
import {wireFaults} from './faults-wire.ts';

/** By the id of the requirement. */
export const faults: Readonly<Record<string, Fault>> = {
  ...wireFaults,
  ...createFaults,
  ...attachFaults,
  ...deleteFaults,
  ...leakFaults,
  ...restartFaults,
  ...hostileFaults,
  ...timeFaults,
};
