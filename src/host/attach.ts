/** The port through which kni-demo hands its terminal or pipes over to a program. */

import type {Command} from './host.ts';

export interface AttachOptions {
  /** Added to the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
  /** Aborting passes the signal that its reason names on to the program. */
  readonly signal: AbortSignal;
}

/** Returns the exit code of the program. Rejects with CommandError when it cannot be started. */
export type Attach = (command: Command, options: AttachOptions) => Promise<number>;
