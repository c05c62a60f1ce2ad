/** The ports and streams that the program uses instead of globals. */

import type {Attach} from '../host/attach.ts';
import type {Host} from '../host/host.ts';
import type {Machine} from '../host/machine.ts';
import type {OutputStream} from '../view/stream.ts';

export interface World {
  readonly host: Host;
  /** Default: the machine that this process runs on. */
  readonly machine?: Machine;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default: the current directory of this process. */
  readonly directory?: string;
  /** Aborts on Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** Default: `attach`, which hands over this process's terminal or pipes. */
  readonly attach?: Attach;
  /** Asks a yes-or-no question. Without a terminal the answer is no. */
  confirm(question: string): Promise<boolean>;
  /** Waits for a key and returns true; returns false at once without a terminal, which is the default. */
  pressKey?(): Promise<boolean>;
}
