/** One network runtime at a time: whoever listens on the abstract socket of that name; the kernel frees it at death. */
import {createHash} from 'node:crypto';
import {createServer} from 'node:net';

export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
}

/** Stands for a path; hashed because the name of an abstract socket is at most 107 bytes long. */
export const lockNameOf = (path: string): string =>
  `kni-runtime-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;

/** Held until the process ends. */
export const takeLock = (path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const holder = createServer((connection) => connection.destroy());
    holder.on('error', (error: NodeJS.ErrnoException) => {
      const inUse = error.code === 'EADDRINUSE';
      reject(inUse ? new AlreadyRunning(`another network runtime is using ${path}`) : error);
    });
    holder.listen(`\0${lockNameOf(path)}`, () => {
      holder.unref();
      resolve();
    });
  });
