/** flock(2), which Node.js does not offer. */

import {spawn} from 'node:child_process';

export interface FlockOptions {
  /** How long to wait for the lock, in milliseconds. */
  readonly wait: number;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
}

/** The exit code of flock(1) when another process has the lock. Its errors have codes from 64 on. */
const conflict = 1;

/**
 * Locks an open file, and returns whether that succeeded. A lock belongs to the open file and not to the process that
 * asked for it: it outlives flock(1) and ends when the caller closes the file or dies. After `false` the caller must
 * close the file, because a flock(1) that was killed may just have got the lock.
 */
export const flock = (fd: number, {wait, signal}: FlockOptions): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const limit = wait > 0 ? ['--timeout', String(wait / 1_000)] : ['--nonblock'];
    // In our process group, so that Ctrl-Z also stops flock(1). Otherwise it could get the lock for a stopped process.
    const child = spawn('flock', ['--exclusive', ...limit, '3'], {stdio: ['ignore', 'ignore', 'pipe', fd]});
    const stop = (): void => void child.kill();
    signal?.addEventListener('abort', stop, {once: true});
    if (signal?.aborted) stop();
    let output = '';
    child.stdio[2]?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.once('error', reject);
    child.once('close', (exitCode) => {
      signal?.removeEventListener('abort', stop);
      // Killed (no exit code): by `stop`, or by the Ctrl-C that we get as well.
      if (exitCode === 0 || exitCode === conflict || exitCode === null) resolve(exitCode === 0);
      else reject(new Error(`flock failed with exit code ${exitCode}: ${output.trim()}`));
    });
  });
