/** Runs a tool of the node, such as `ip`; every ending but exit status 0 is an error. */
import {errorText} from '../log.ts';
import type {Command, Exec} from './exec.ts';

export class ToolFailed extends Error {
  override readonly name = 'ToolFailed';
  /** Undefined if the tool did not exit by itself. */
  readonly exitStatus: number | undefined;

  constructor(message: string, exitStatus?: number, options?: ErrorOptions) {
    super(message, options);
    this.exitStatus = exitStatus;
  }
}

const timeoutMs = 10_000;

/** Returns its stdout. */
export const runTool = async (
  exec: Exec,
  file: string,
  args: readonly string[],
  options: Pick<Command, 'stdin' | 'printsLittle'> = {},
): Promise<string> => {
  const ending = await exec({...options, file, args, timeoutMs});
  if (ending.kind === 'exited' && ending.exitCode === 0) return ending.stdout;
  const exitStatus = ending.kind === 'exited' ? ending.exitCode : undefined;
  const cause = ending.kind === 'not-started' ? {cause: ending.error} : {};
  throw new ToolFailed(`${[file, ...args].join(' ')}: ${reasonOf(ending)}`, exitStatus, cause);
};

const reasonOf = (ending: Awaited<ReturnType<Exec>>): string => {
  switch (ending.kind) {
    case 'exited':
      return ending.stderr.trim() || `exit status ${ending.exitCode}`;
    case 'signalled':
      return `killed by ${ending.signal}`;
    case 'timed-out':
      return `not done within ${ending.ms} ms`;
    case 'stopped':
      return 'killed because the network runtime is stopping';
    case 'too-much-output':
      return `printed more than ${ending.limit} bytes`;
    case 'not-started':
      return errorText(ending.error);
  }
};
