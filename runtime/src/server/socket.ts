/** Prepares the path of the socket: a private directory, without a stale socket. */
import {lstatSync} from 'node:fs';
import {lstat, rm} from 'node:fs/promises';
import {connect} from 'node:net';
import {dirname} from 'node:path';
import {makeDirectory} from '../lib/make-directory.ts';
import {AlreadyRunning, takeLock} from './instance-lock.ts';

/** The path cannot be used for the socket. */
export class SocketRefused extends Error {
  override readonly name = 'SocketRefused';
}

/** Keeps out a network runtime with the same socket and another state directory, until the process ends. */
export const lockSocket = async (path: string): Promise<void> => {
  prepareDirectory(dirname(path));
  await takeLock(`${path}.lock`, path);
};

/** Must be called with the socket locked. */
export const prepareSocket = async (path: string): Promise<void> => {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return;
  if (!found.isSocket()) throw new SocketRefused(`${path} exists and is not a socket`);
  // The other server may not know the lock.
  if (await isListening(path)) throw new AlreadyRunning(`another server is already listening on ${path}`);
  await rm(path);
};

/** A user who can write to the directory could replace the socket and act as the node's network runtime. */
const prepareDirectory = (path: string): void => {
  makeDirectory(path, 0o700);
  const {uid, mode} = lstatSync(path);
  if (uid !== process.geteuid?.() || (mode & 0o077) !== 0) {
    throw new SocketRefused(`${path} must be owned by the user of the network runtime, with mode 0700`);
  }
};

const isListening = (path: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const connection = connect(path);
    connection.on('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.on('error', (error: NodeJS.ErrnoException) => {
      // EAGAIN: a server listens, but its queue is full.
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });
