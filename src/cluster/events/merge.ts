/** Merges events of several sources by time. Pure: the caller has the clock. */

export interface Timed {
  /** Texts in the order of time. */
  readonly time: string;
}

export interface Merge<Event extends Timed> {
  add(event: Event): void;
  /**
   * Removes and returns the events before `until`, in the order of time; those of the same time in the order of `add`. Without
   * `until`: all events.
   */
  take(until?: string): readonly Event[];
  /** How many events wait. */
  size(): number;
}

/**
 * Events must be taken with a delay, the reordering window: an event that is added later than that after its time comes after
 * younger ones. Nothing waits longer than the window, and nothing is lost.
 */
export const createMerge = <Event extends Timed>(): Merge<Event> => {
  let waiting: Event[] = [];
  let isSorted = true;
  return {
    add(event) {
      const last = waiting.at(-1);
      if (last !== undefined && last.time > event.time) isSorted = false;
      waiting.push(event);
    },
    take(until) {
      if (!isSorted) waiting.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
      isSorted = true;
      const first = until === undefined ? -1 : waiting.findIndex(({time}) => time >= until);
      const taken = first < 0 ? waiting : waiting.slice(0, first);
      waiting = first < 0 ? [] : waiting.slice(first);
      return taken;
    },
    size: () => waiting.length,
  };
};
