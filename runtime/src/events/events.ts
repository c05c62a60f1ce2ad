/**
 * Passes events on to readers. An event costs the emitter the creation of one object: encoding and sending happen later, and
 * only for readers. Each reader has a bounded queue; a slow one loses the oldest events and learns how many.
 */
import {createClock} from './clock.ts';
import type {Emit, StampedEvent} from './event.ts';
import {type BufferLimits, createEventBuffer} from './event-buffer.ts';

export interface Events {
  readonly emit: Emit;
  readonly watch: (options: WatchOptions) => Reader;
}

export interface WatchOptions {
  /** Begin with the recent events. */
  readonly past: boolean;
  /** Go on with new events. */
  readonly follow: boolean;
  /** Returns false if the reader must not be sent more until `drained`. */
  readonly send: (events: readonly StampedEvent[]) => boolean;
  /** Called when everything is sent and nothing more will come. */
  readonly onEnd: () => void;
}

export interface Reader {
  readonly drained: () => void;
  /** Sends what the reader accepts now, and ends. */
  readonly stop: () => void;
  /** Ends without a last message: the reader is gone. */
  readonly drop: () => void;
}

export interface EventLimits {
  readonly past: BufferLimits;
  /** Events that wait for one reader. */
  readonly queued: BufferLimits;
  /** Events of one message. */
  readonly batch: number;
  /** Time in ms during which events are collected for one message. */
  readonly collectMs: number;
}

const usual: EventLimits = {
  past: {count: 2_000, bytes: 1024 * 1024},
  queued: {count: 4_000, bytes: 4 * 1024 * 1024},
  batch: 200,
  collectMs: 10,
};

export const createEvents = (limits: EventLimits = usual, clock = createClock()): Events => {
  const past = createEventBuffer(limits.past);
  const queues = new Set<Queue>();
  return {
    emit: (fields, more) => {
      // Routine RPCs would push everything else out of the past.
      if (fields.routine && queues.size === 0) return;
      const timeUs = clock();
      const event = {...fields, ...(queues.size > 0 && more?.()), timeUs};
      if (!fields.routine) past.add(event);
      for (const queue of queues) queue.add(event);
    },
    watch: (options) => {
      const queue = createQueue(limits, options, options.past ? past.all() : []);
      if (options.follow) queues.add(queue);
      return {
        drained: queue.drained,
        stop: () => {
          queues.delete(queue);
          queue.stop();
        },
        drop: () => {
          queues.delete(queue);
          queue.drop();
        },
      };
    },
  };
};

interface Queue extends Reader {
  readonly add: (event: StampedEvent) => void;
}

const createQueue = (
  {queued, batch, collectMs}: EventLimits,
  {follow, send, onEnd}: WatchOptions,
  past: readonly StampedEvent[],
): Queue => {
  const waiting = createEventBuffer(queued);
  let missed = 0;
  let isBlocked = false;
  let isEnded = false;
  let timer: NodeJS.Timeout | undefined;

  const next = (): StampedEvent[] => {
    const events = waiting.take(batch);
    const [first] = events;
    if (missed === 0 || !first) return events;
    const gap: StampedEvent = {kind: 'missed', missed, timeUs: first.timeUs};
    missed = 0;
    return [gap, ...events];
  };
  const flush = () => {
    timer = undefined;
    while (!isBlocked && waiting.size() > 0) isBlocked = !send(next());
    if (!follow && waiting.size() === 0) end();
  };
  const end = () => {
    if (isEnded) return;
    drop();
    onEnd();
  };
  const drop = () => {
    isEnded = true;
    waiting.clear();
    clearTimeout(timer);
  };
  const schedule = () => {
    timer ??= setTimeout(flush, collectMs);
  };
  for (const event of past) missed += waiting.add(event);
  schedule();
  return {
    add: (event) => {
      if (isEnded) return;
      missed += waiting.add(event);
      if (!isBlocked) schedule();
    },
    drained: () => {
      isBlocked = false;
      flush();
    },
    stop: () => {
      flush();
      end();
    },
    drop,
  };
};
