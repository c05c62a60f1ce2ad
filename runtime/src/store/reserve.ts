/** Some space put by for undoing: on a full disk, what is given back has to be written down all the same. */
import {rm, writeFile} from 'node:fs/promises';

export interface Reserve {
  /** Takes the space unless it is held already; rejects with the system's error when there is none. */
  hold(): Promise<void>;
  /** Gives it back. False when there was none to give. */
  release(): Promise<boolean>;
}

/** Enough for about a hundred short lines. */
const bytes = 16 * 1024;

export const createReserve = (path: string): Reserve => {
  let held = false;
  return {
    hold: async () => {
      if (held) return;
      try {
        await writeFile(path, Buffer.alloc(bytes, '\n'), {mode: 0o600}); // written: a hole would reserve nothing
        held = true;
      } catch (error) {
        await rm(path, {force: true}).catch(() => undefined);
        throw error;
      }
    },
    release: async () => {
      if (!held) return false;
      held = false;
      await rm(path, {force: true});
      return true;
    },
  };
};
