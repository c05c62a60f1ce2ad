/** Runs, ends and looks at real processes. */

import {type ChildProcess, type SpawnOptions, spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';

/** Runs a program and returns its output; rejects with its stderr if it fails. */
export const output = async (
  file: string,
  args: readonly string[],
  {input = '', ...options}: SpawnOptions & {input?: string} = {},
): Promise<string> => {
  const child = spawn(file, args, {...options, stdio: 'pipe'});
  const printed = {stdout: '', stderr: ''};
  child.stdout?.on('data', (chunk) => (printed.stdout += String(chunk)));
  child.stderr?.on('data', (chunk) => (printed.stderr += String(chunk)));
  child.stdin?.on('error', () => undefined); // it need not be read
  child.stdin?.end(input);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  if (exitCode === 0) return printed.stdout;
  throw new Error(
    `${[file, ...args].join(' ')} ended with ${exitCode}: ${printed.stderr.trim() || printed.stdout.trim()}`,
  );
};

/** Kills a process that a test has started, and waits for its end. */
export const end = async (child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
};

/** Whether the process runs. A zombie does not. */
export const isAlive = (pid: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
};
