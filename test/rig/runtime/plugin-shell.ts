/** Programs for `createExec`, and the shells that start them. */
import type {Exec} from '../../../runtime/src/process/exec.ts';

export const timeoutMs = 60_000;
export const bash = (script: string, limitMs = timeoutMs) => ({
  file: 'bash',
  args: ['-c', script],
  timeoutMs: limitMs,
});
/** The process id of the shell that starts the next program. */
export const shellOf = async (exec: Exec): Promise<number> => {
  const ending = await exec(bash('echo $PPID'));
  return ending.kind === 'exited' ? Number(ending.stdout) : 0;
};
