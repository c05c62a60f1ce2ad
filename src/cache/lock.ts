/** One kni-demo at a time works on a cache. The lock is an abstract unix socket: the kernel frees it, even on SIGKILL. */

import {createHash} from 'node:crypto';
import {createConnection, createServer, type Server, type Socket} from 'node:net';
import {resolve} from 'node:path';
import {UserError} from '../errors.ts';
import {exitCodes} from '../exit-codes.ts';
import {errnoOf} from '../thrown.ts';
import type {Dirs} from './dirs.ts';

export interface Holder {
  /** Undefined where the holder did not say. */
  readonly pid: number | undefined;
}

export interface LockOptions {
  /** Called for each holder that is waited for. Without it another holder is refused at once. */
  readonly onWait?: (holder: Holder) => void;
  /** Ends the wait, not the work. */
  readonly signal?: AbortSignal;
}

/** Rejects with UserError (exit code `busy`) naming the holder's pid, with the signal's reason, or as `work` does. */
export const withLock = async <T>(dirs: Dirs, options: LockOptions, work: () => Promise<T>): Promise<T> => {
  const release = await acquire(lockName(dirs), options);
  try {
    return await work();
  } finally {
    await release();
  }
};

/** An abstract name holds 107 bytes, a path may be longer. */
const lockName = ({cache}: Dirs): string =>
  `\0kni-demo/${createHash('sha256').update(resolve(cache)).digest('hex').slice(0, 32)}`;

const acquire = async (name: string, {onWait, signal}: LockOptions): Promise<() => Promise<void>> => {
  for (;;) {
    signal?.throwIfAborted();
    const release = await hold(name);
    if (release) return release;
    const other = await holderOf(name, signal);
    if (other === undefined) continue;
    if (!onWait) {
      other.forget();
      throw busy(other.holder);
    }
    onWait(other.holder);
    await other.gone;
  }
};

/** Listens under the name, telling everyone who asks our pid; undefined where somebody else does. */
const hold = (name: string): Promise<(() => Promise<void>) | undefined> => {
  const visitors = new Set<Socket>();
  const server: Server = createServer((visitor) => {
    visitors.add(visitor);
    visitor.on('error', () => undefined);
    visitor.on('close', () => visitors.delete(visitor));
    visitor.write(`${process.pid}\n`);
  });
  const release = (): Promise<void> =>
    new Promise((done) => {
      server.close(() => done());
      // Who waits sees its connection close, and tries again.
      for (const visitor of visitors) visitor.destroy();
    });
  return new Promise((done, fail) => {
    server.once('error', (error) => (errnoOf(error) === 'EADDRINUSE' ? done(undefined) : fail(error)));
    server.listen(name, () => done(release));
  });
};

interface Other {
  readonly holder: Holder;
  /** Resolves when the holder let go or died, rejects when the signal aborts. */
  readonly gone: Promise<void>;
  forget(): void;
}

/** Undefined where the holder has gone meanwhile. */
const holderOf = async (name: string, signal: AbortSignal | undefined): Promise<Other | undefined> => {
  const socket = createConnection(name);
  socket.on('error', () => undefined);
  const gone = new Promise<void>((done, fail) => {
    socket.once('close', () => (signal?.aborted ? fail(signal.reason) : done()));
  });
  const forget = (): void => void socket.destroy();
  signal?.addEventListener('abort', forget, {once: true});
  gone.catch(() => undefined).finally(() => signal?.removeEventListener('abort', forget));
  const pid = await new Promise<number | undefined>((done) => {
    socket.once('data', (data) => done(Number.parseInt(data.toString(), 10) || undefined));
    socket.once('close', () => done(undefined));
  });
  return socket.destroyed && pid === undefined ? undefined : {holder: {pid}, gone, forget};
};

const busy = ({pid}: Holder): UserError =>
  new UserError({
    what: 'another kni-demo is at work',
    why: `process ${pid ?? '(unknown)'} holds the cache`,
    tryThis: pid === undefined ? 'wait for it to end' : `wait for it to end, or end it: kill ${pid}`,
    exitCode: exitCodes.busy,
  });
