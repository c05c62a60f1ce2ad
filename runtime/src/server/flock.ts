/** flock(2), which Node.js does not offer, through flock(1). */
import {spawn} from 'node:child_process';

const conflict = 75;

/**
 * Locks an open file; returns false if another process holds the lock. The lock belongs to the open file description that
 * flock(1) inherits, so it remains when flock(1) exits.
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
