/** Measures a directory within a limited time. */

import {lstatSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {setImmediate} from 'node:timers/promises';

export interface Size {
  /** Bytes on disk. */
  readonly bytes: number;
  /** False when the time was over before everything was counted. */
  readonly isComplete: boolean;
}

/** Milliseconds without a pause for other work. Asynchronous calls would fill the queue of the thread pool instead. */
const slice = 5;

/** `atMost` is in milliseconds. Unreadable and vanished files count as 0. */
export const sizeWithin = async (directory: string, atMost: number): Promise<Size> => {
  const deadline = performance.now() + atMost;
  let pause = performance.now() + slice;
  let bytes = 0;
  const waiting = [directory];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const now = performance.now();
    if (now >= deadline) return {bytes, isComplete: false};
    if (now >= pause) {
      await setImmediate();
      pause = performance.now() + slice;
    }
    try {
      const stat = lstatSync(next);
      bytes += stat.blocks * 512;
      if (stat.isDirectory()) for (const name of readdirSync(next)) waiting.push(join(next, name));
    } catch {
      // It has vanished, or belongs to another user.
    }
  }
  return {bytes, isComplete: true};
};
