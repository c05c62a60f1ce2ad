/** Reads the output of a program from a fifo. */
import {once} from 'node:events';
import {constants, openSync, readSync} from 'node:fs';
import {Socket} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';
import {errorCodeOf} from '../../lib/error-code.ts';
import {createChunks, type Output} from '../output.ts';

/** Opens the read end without waiting for a writer. */
export const readEnd = constants.O_RDONLY | constants.O_NONBLOCK;

export interface FifoOutput extends Output {
  /** Reads as the program prints. Until then the fifo holds 64 KiB (pipe(7)), and a program that prints more waits. */
  readonly follow: () => void;
  /** Call it when the program has ended. Resolves when its last child that could still print has ended, too. */
  readonly end: () => Promise<void>;
}

/** A read end that stays open for one program after another. */
export interface Fifo {
  readonly fd: number;
  readonly path: string;
}

/** Without a free descriptor, the fifo is read this often. In ms. */
const pollMs = 20;
/** Shared by all fifos, because reading is synchronous. */
const buffer = Buffer.allocUnsafe(64 * 1024);

export const readFifo = ({fd, path}: Fifo, limit: number, tooMuch: () => void): FifoOutput => {
  const {add, text} = createChunks(limit, tooMuch);
  let stream: Socket | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isDestroyed = false;

  /**
   * Reads what the fifo holds. Returns whether it has ended: no writer is left. Stops at the limit, because a fast writer
   * fills the fifo as fast as this reads.
   */
  const drain = (): boolean => {
    try {
      for (let rest = limit; rest >= 0; ) {
        const size = readSync(fd, buffer);
        if (size === 0) return true;
        add(Buffer.from(buffer.subarray(0, size)));
        rest -= size;
      }
      return false;
    } catch (error) {
      return errorCodeOf(error) !== 'EAGAIN';
    }
  };
  /** A stream reports the end only if a writer came or was there since it was opened. Returns false without a descriptor. */
  const openStream = (): boolean => {
    if (isDestroyed || stream) return true;
    try {
      stream = new Socket({fd: openSync(path, readEnd), readable: true, writable: false});
    } catch {
      return false;
    }
    stream.on('data', add);
    stream.on('error', () => undefined);
    return true;
  };
  const follow = () => {
    if (openStream()) return;
    drain();
    timer = setTimeout(follow, pollMs);
  };
  const isOver = () => isDestroyed || drain();
  const end = async (): Promise<void> => {
    clearTimeout(timer);
    while (!isOver()) {
      // A closed stream has seen an end, and another writer came after it.
      if (!openStream() || stream?.closed) await delay(pollMs);
      else if (!drain()) await closeOf(stream);
    }
  };
  return {
    follow,
    end,
    text: () => {
      if (!isDestroyed) drain();
      return text();
    },
    destroy: () => {
      isDestroyed = true;
      clearTimeout(timer);
      stream?.destroy();
    },
  };
};

const closeOf = async (stream: Socket | undefined): Promise<void> => {
  if (stream && !stream.closed) await once(stream, 'close');
};
