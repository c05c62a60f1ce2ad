/** Goes through thousands of things, a few at a time, so that calls are answered meanwhile. */
import {setImmediate as nextTurn} from 'node:timers/promises';

/** A millisecond or two of work. */
const size = 100;

export async function* slices<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) {
    if (start > 0) await nextTurn();
    yield items.slice(start, start + size);
  }
}
