/** Splits thousands of items into slices, and lets the event loop answer calls between two slices. */
import {setImmediate as nextTurn} from 'node:timers/promises';

/** Items per slice: one or two milliseconds of work. */
const size = 100;

export async function* slices<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) {
    if (start > 0) await nextTurn();
    yield items.slice(start, start + size);
  }
}
