/** Runs programs of the node, such as `ip`. */
import {createExec, type Exec, type Programs} from '../process/exec.ts';
import {runTool} from '../process/tool.ts';

const ending = new AbortController();
let programs: Programs | undefined;

/** Opened by the first program: a process that only makes calls needs none. */
export const exec: Exec = (command) => {
  programs ??= createExec({stop: ending.signal});
  return programs(command);
};

/** Kills the programs that still run. */
export const stopPrograms = (): void => ending.abort();

/**
 * Runs a program and returns its standard output, for example `await run('ip', ['link', 'show', 'dev', 'eth0'])`. `stdin` is
 * its input. Rejects if it does not exit with status 0 within 10 s; the message has the command and its standard error, and
 * a handler that throws it answers `INTERNAL`.
 */
export const run = (file: string, args: readonly string[], stdin?: string): Promise<string> =>
  runTool(exec, file, args, stdin === undefined ? {} : {stdin});
