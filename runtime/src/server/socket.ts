/** Prepares the path of the socket: a directory of our own, and no socket in it that no server is listening on. */
import {lstat, rm} from 'node:fs/promises';
import {connect} from 'node:net';
import {dirname} from 'node:path';
import {makeDirectory} from '../lib/make-directory.ts';
import {AlreadyRunning, takeLock} from './instance-lock.ts';

/** The socket cannot be where it should be. */
export class SocketRefused extends Error {
  override readonly name = 'SocketRefused';
}

/** Against one that starts at the same moment with other state. Held until the process ends. */
export const lockSocket = async (path: string): Promise<void> => {
  await prepareDirectory(dirname(path));
  await takeLock(`${path}.lock`, path);
};

/** To be called with the socket locked. */
export const prepareSocket = async (path: string): Promise<void> => {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return;
  if (!found.isSocket()) throw new SocketRefused(`${path} exists and is not a socket`);
  // By something that knows nothing of locks.
  if (await answers(path)) throw new AlreadyRunning(`another server is already listening on ${path}`);
  await rm(path);
};

/** Whoever may write the directory could put a socket of his own there and be the node's network runtime. */
const prepareDirectory = async (path: string): Promise<void> => {
  makeDirectory(path, 0o700);
  const {uid, mode} = await lstat(path);
  if (uid !== process.geteuid?.() || (mode & 0o077) !== 0) {
    throw new SocketRefused(`${path} must be owned by the user of the network runtime, with mode 0700`);
  }
};

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const connection = connect(path);
    connection.on('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.on('error', (error: NodeJS.ErrnoException) => {
      // EAGAIN: someone listens, with a full queue.
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });
