/** Keeps the most recent events within limits. */
import type {StampedEvent} from './event.ts';

export interface PastLimits {
  readonly count: number;
  /** In bytes, estimated. */
  readonly bytes: number;
}

export interface Past {
  add(event: StampedEvent): void;
  /** Oldest first. */
  all(): StampedEvent[];
}

/** An object with some twenty fields. */
const bytesOfObject = 200;

const bytesOf = (event: StampedEvent): number => {
  let bytes = bytesOfObject;
  for (const value of Object.values(event)) if (typeof value === 'string') bytes += 2 * value.length;
  return bytes;
};

export const createPast = ({count, bytes: mostBytes}: PastLimits): Past => {
  let events: StampedEvent[] = [];
  let first = 0; // events before this index are dropped
  let bytes = 0;
  return {
    add: (event) => {
      events.push(event);
      bytes += bytesOf(event);
      while (events.length - first > count || bytes > mostBytes) {
        const oldest = events[first++];
        bytes -= oldest ? bytesOf(oldest) : bytes;
      }
      if (first <= count) return;
      events = events.slice(first);
      first = 0;
    },
    all: () => events.slice(first),
  };
};
