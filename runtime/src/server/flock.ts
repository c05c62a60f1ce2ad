/** flock(2), which Node.js lacks. */
import {spawn} from 'node:child_process';

const conflict = 75;

/**
 * Locks the open file for whoever has it open: a lock belongs to that, not to the program that asked for it, and so it
 * outlives flock(1). False when another process has it locked.
 */
export const flock = (fd: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const args = ['--exclusive', '--nonblock', `--conflict-exit-code=${conflict}`, '3'];
    const child = spawn('flock', args, {stdio: ['ignore', 'ignore', 'inherit', fd]});
    child.on('error', reject);
    child.on('exit', (exitCode, signal) => {
      if (exitCode === 0 || exitCode === conflict) resolve(exitCode === 0);
      else reject(new Error(`flock failed: ${exitCode ?? signal}`));
    });
  });
