/** Reserves disk space for cleanups: they must be recorded even when the disk is full. */
import {rm, writeFile} from 'node:fs/promises';

export interface Reserve {
  /** Allocates the space unless it is allocated already. Rejects with the system's error when the disk is full. */
  hold(): Promise<void>;
  /** Frees the space. Returns false when none was allocated. */
  release(): Promise<boolean>;
}

/** Enough for about a hundred short lines. */
const bytes = 16 * 1024;

export const createReserve = (path: string): Reserve => {
  let isHeld = false;
  return {
    hold: async () => {
      if (isHeld) return;
      try {
        await writeFile(path, Buffer.alloc(bytes, '\n'), {mode: 0o600}); // write the bytes: a sparse file would reserve nothing
        isHeld = true;
      } catch (error) {
        await rm(path, {force: true}).catch(() => undefined);
        throw error;
      }
    },
    release: async () => {
      if (!isHeld) return false;
      isHeld = false;
      await rm(path, {force: true});
      return true;
    },
  };
};
