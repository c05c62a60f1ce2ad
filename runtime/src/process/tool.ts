/** Runs one of the node's own tools, such as `ip`, which has to succeed. */
import {textOf} from '../log.ts';
import type {Exec} from './exec.ts';

export class ToolFailed extends Error {
  override readonly name = 'ToolFailed';
  /** `undefined` when it did not come to one. */
  readonly exitStatus: number | undefined;

  constructor(message: string, exitStatus?: number, options?: ErrorOptions) {
    super(message, options);
    this.exitStatus = exitStatus;
  }
}

const timeoutMs = 10_000;

/** Returns what it printed. */
export const runTool = async (
  exec: Exec,
  file: string,
  args: readonly string[],
  stdin = '',
): Promise<string> => {
  const ending = await exec({file, args, stdin, timeoutMs});
  if (ending.how === 'exited' && ending.exitCode === 0) return ending.stdout;
  const exitStatus = ending.how === 'exited' ? ending.exitCode : undefined;
  const options = ending.how === 'not-started' ? {cause: ending.error} : {};
  throw new ToolFailed(`${[file, ...args].join(' ')}: ${reasonOf(ending)}`, exitStatus, options);
};

const reasonOf = (ending: Awaited<ReturnType<Exec>>): string => {
  switch (ending.how) {
    case 'exited':
      return ending.stderr.trim() || `exit status ${ending.exitCode}`;
    case 'signalled':
      return `ended by ${ending.signal}`;
    case 'timed-out':
      return `not done within ${ending.ms} ms`;
    case 'stopped':
      return 'killed, since the network runtime stops';
    case 'too-much-output':
      return `printed more than ${ending.limit} bytes`;
    case 'not-started':
      return textOf(ending.error);
  }
};
