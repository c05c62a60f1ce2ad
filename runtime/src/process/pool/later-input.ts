/** Writes stdin into a fifo after the program was started. */
import {closeSync, constants, openSync, writeSync} from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';
import {errorCodeOf} from '../../lib/error-code.ts';

const {O_NONBLOCK, O_RDWR, O_WRONLY} = constants;

export interface WriteEnd {
  /** Writes the text and closes the end. Gives up when it is closed meanwhile. */
  write(text: string): Promise<void>;
  /** The reader sees the end of its stdin when all write ends are closed. */
  close(): void;
}

/**
 * Opens the write end, so that the program can open the read end without blocking. Returns undefined if no descriptor is left,
 * or if a grandchild of an earlier program still reads from the fifo.
 */
export const openWriteEnd = (path: string): WriteEnd | undefined => {
  let fd = hasReader(path) ? undefined : openWithoutReader(path);
  if (fd === undefined) return undefined;
  const close = () => {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  };
  return {
    write: async (text) => {
      for (let rest = Buffer.from(text); rest.length > 0; ) {
        if (fd === undefined) return;
        const written = writeSome(fd, rest);
        if (written === 0) await delay(retryMs);
        rest = rest.subarray(written);
      }
      close();
    },
    close,
  };
};

const openWithoutReader = (path: string): number | undefined => {
  let both: number | undefined;
  try {
    both = openSync(path, O_RDWR | O_NONBLOCK); // the write end cannot be opened without a reader
    return openSync(path, O_WRONLY | O_NONBLOCK);
  } catch {
    return undefined;
  } finally {
    if (both !== undefined) closeSync(both);
  }
};

const hasReader = (path: string): boolean => {
  try {
    closeSync(openSync(path, O_WRONLY | O_NONBLOCK));
    return true;
  } catch (error) {
    return errorCodeOf(error) !== 'ENXIO';
  }
};

const retryMs = 1;

/** Writes nothing while the fifo is full (EAGAIN), and before the program has opened its end (EPIPE). */
const writeSome = (fd: number, bytes: Buffer): number => {
  try {
    return writeSync(fd, bytes);
  } catch {
    return 0;
  }
};
