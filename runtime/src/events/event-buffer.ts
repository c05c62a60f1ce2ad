/** Keeps events in order, within limits: a new event displaces the oldest ones. */
import type {StampedEvent} from './event.ts';

export interface BufferLimits {
  readonly count: number;
  /** In bytes, estimated. */
  readonly bytes: number;
}

export interface EventBuffer {
  /** Returns the number of events that were dropped. */
  add(event: StampedEvent): number;
  /** Removes and returns the oldest events, at most `count`. */
  take(count: number): StampedEvent[];
  /** Oldest first. */
  all(): StampedEvent[];
  size(): number;
  clear(): void;
}

/** An object with some twenty fields. */
const bytesOfObject = 200;

const bytesOf = (event: StampedEvent): number => {
  let bytes = bytesOfObject;
  for (const value of Object.values(event)) if (typeof value === 'string') bytes += 2 * value.length;
  return bytes;
};

export const createEventBuffer = (limits: BufferLimits): EventBuffer => {
  /** Removed events are undefined, so that the array does not keep them in memory. */
  let events: (StampedEvent | undefined)[] = [];
  let first = 0;
  let bytes = 0;
  const size = () => events.length - first;
  const remove = (): StampedEvent | undefined => {
    const event = events[first];
    if (event === undefined) return undefined;
    events[first++] = undefined;
    bytes -= bytesOf(event);
    return event;
  };
  /** Moves the rest of the array only after many removals: it would be slow after each. */
  const compact = () => {
    if (first <= limits.count && size() > 0) return;
    events = events.slice(first);
    first = 0;
  };
  const take = (count: number): StampedEvent[] => {
    const taken: StampedEvent[] = [];
    while (taken.length < count) {
      const event = remove();
      if (event === undefined) break;
      taken.push(event);
    }
    compact();
    return taken;
  };
  return {
    add: (event) => {
      events.push(event);
      bytes += bytesOf(event);
      let dropped = 0;
      while (size() > limits.count || bytes > limits.bytes) {
        remove();
        dropped++;
      }
      compact();
      return dropped;
    },
    take,
    all: () => events.slice(first).filter((event) => event !== undefined),
    size,
    clear: () => void take(size()),
  };
};
