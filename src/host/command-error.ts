/** A command that did not end well: what ran, why it ended, what it printed. */

import type {Command} from './host.ts';
import {summarizeCommand} from './quote.ts';

export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly command: Command;
  /** `exit code 1`, `not found`, `cancelled`, `timed out after 5 s`, `killed by SIGKILL`, … */
  readonly reason: string;
  /** The last lines of both outputs, in the order in which they came. */
  readonly output: string;
  /** Set where the command ran to its own end. Not called `code`: grpc-js and Node give that a meaning. */
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

  /** Its last word, for people: the last line that it printed, or else the reason. */
  get lastLine(): string {
    return this.output.split('\n').findLast((line) => line.trim() !== '') ?? this.reason;
  }
}
