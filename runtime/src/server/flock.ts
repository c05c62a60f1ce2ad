/** flock(2), which Node.js does not offer, through flock(1). */
import {spawn} from 'node:child_process';

const conflict = 75;
const script = `for fd; do flock --exclusive --nonblock --conflict-exit-code=${conflict} "$fd"; echo $?; done`;
/** The first descriptor of the shell after stdin, stdout and stderr. */
const firstFd = 3;

interface Request {
  readonly fd: number;
  readonly resolve: (isLocked: boolean) => void;
  readonly reject: (error: Error) => void;
}

let requests: Request[] = [];

/**
 * Locks an open file; returns false if another process holds the lock. The lock belongs to the open file description that
 * flock(1) inherits, so it remains when flock(1) exits. Requests of the same turn of the event loop share one shell: each
 * start of a program blocks the event loop for some milliseconds.
 */
export const flock = (fd: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    requests.push({fd, resolve, reject});
    if (requests.length === 1) setImmediate(lockAll);
  });

const lockAll = (): void => {
  const all = requests;
  requests = [];
  const fds = all.map(({fd}) => fd);
  const args = ['-c', script, 'sh', ...fds.map((_, index) => String(firstFd + index))];
  const child = spawn('sh', args, {stdio: ['ignore', 'pipe', 'inherit', ...fds]});
  let printed = '';
  child.stdout?.on('data', (chunk) => {
    printed += String(chunk);
  });
  child.on('error', (error) => {
    for (const {reject} of all) reject(error);
  });
  child.on('close', (exitCode, signal) => {
    const statuses = printed.split('\n');
    for (const [index, {resolve, reject}] of all.entries()) {
      const status = statuses[index] || `the shell ended with ${signal ?? exitCode}`;
      if (status === '0' || status === String(conflict)) resolve(status === '0');
      else reject(new Error(`flock failed: ${status}`));
    }
  });
};
