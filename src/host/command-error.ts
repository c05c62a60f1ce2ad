/** A failed command, with its reason and its output. */

import type {Command} from './host.ts';
import {summarizeCommand} from './quote.ts';

export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly command: Command;
  /** `exit code 1`, `not found`, `cancelled`, `timed out after 5 s`, `killed by SIGKILL`, … */
  readonly reason: string;
  /** The last lines of standard output and standard error, in the order of their arrival. */
  readonly output: string;
  /** Set when the command exited by itself. Not named `code`, which has a meaning in grpc-js and Node.js. */
  readonly exitStatus: number | undefined;

  constructor(
    command: Command,
    {reason, output = '', exitStatus}: {reason: string; output?: string; exitStatus?: number | undefined},
    options?: ErrorOptions,
  ) {
    super(`${reason}: ${summarizeCommand(command)}`, options);
    this.command = command;
    this.reason = reason;
    this.output = output;
    this.exitStatus = exitStatus;
  }

  /** The last line that it printed, or else the reason. */
  get lastLine(): string {
    return this.output.split('\n').findLast((line) => line.trim() !== '') ?? this.reason;
  }
}
