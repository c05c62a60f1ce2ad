/** What the program is given instead of reaching for globals. */

import type {Host} from '../host/host.ts';
import type {Machine} from '../host/machine.ts';
import type {Environment, Network} from '../host/network.ts';
import type {OutputStream} from '../view/stream.ts';

export interface World {
  readonly host: Host;
  /** Default: the one that this process runs on. */
  readonly machine?: Machine;
  /** Default: as `env` says how it is reached. */
  readonly network?: Network;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Environment;
  /** Aborts on Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** Asks a yes-or-no question; no without a terminal. */
  confirm(question: string): Promise<boolean>;
}
