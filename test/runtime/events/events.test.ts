import {setTimeout as delay} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {createClock} from '../../../runtime/src/events/clock.ts';
import type {StampedEvent} from '../../../runtime/src/events/event.ts';
import {createEvents} from '../../../runtime/src/events/events.ts';

const limits = {
  past: {count: 5, bytes: 100_000},
  queued: {count: 10, bytes: 100_000},
  batch: 4,
  collectMs: 1,
};

const create = (rest: Partial<typeof limits> = {}) => {
  let time = 0;
  const events = createEvents({...limits, ...rest}, () => ++time);
  const emit = (...names: readonly (string | number)[]) => {
    for (const name of names) events.emit({kind: 'rpc-began', rpc: String(name)});
  };
  /** A reader that accepts this many messages and then blocks. */
  const read = (options: {past?: boolean; follow?: boolean; accepts?: number} = {}) => {
    const batches: (readonly StampedEvent[])[] = [];
    let isEnded = false;
    let accepts = options.accepts ?? Number.POSITIVE_INFINITY;
    const reader = events.watch({
      past: options.past ?? false,
      follow: options.follow ?? true,
      send: (batch) => {
        batches.push(batch);
        return --accepts > 0;
      },
      onEnd: () => {
        isEnded = true;
      },
    });
    return {
      reader,
      batches,
      isEnded: () => isEnded,
      seen: () => batches.flat().map(({kind, rpc, missed}) => (kind === 'missed' ? `missed ${missed}` : rpc)),
      acceptAll: () => {
        accepts = Number.POSITIVE_INFINITY;
        reader.drained();
      },
    };
  };
  return {events, emit, read};
};

const numbers = (from: number, to: number) =>
  Array.from({length: to - from + 1}, (_, index) => String(from + index));

describe('events', () => {
  it('reach every reader in order, several in one message', async () => {
    const {emit, read} = create();
    const readers = [read(), read()];
    emit(...numbers(1, 6));
    await delay(20);
    for (const {seen, batches} of readers) {
      expect(seen()).toEqual(numbers(1, 6));
      expect(batches.map(({length}) => length)).toEqual([4, 2]);
    }
  });

  it('of the past are the latest, for a reader that asks for them', async () => {
    const {emit, read} = create();
    emit(...numbers(1, 12));
    const [late, fresh] = [read({past: true}), read()];
    emit('new');
    await delay(20);
    expect(late.seen()).toEqual([...numbers(8, 12), 'new']);
    expect(fresh.seen()).toEqual(['new']);
  });

  it('of the past fit into the limit of bytes', async () => {
    const {emit, read} = create({past: {count: 1000, bytes: 2_000}});
    emit('x'.repeat(500), 'small', 'x'.repeat(500), 'last');
    const {seen} = read({past: true, follow: false});
    await delay(20);
    expect(seen().at(-1)).toBe('last');
    expect(seen()).toHaveLength(3);
  });

  it('end after the past for a reader that does not follow, also when it reads slowly', async () => {
    const {emit, read} = create({batch: 1});
    emit(...numbers(1, 3));
    const {seen, isEnded, acceptAll} = read({past: true, follow: false, accepts: 1});
    await delay(20);
    expect({seen: seen(), ended: isEnded()}).toEqual({seen: ['1'], ended: false});
    acceptAll();
    expect({seen: seen(), ended: isEnded()}).toEqual({seen: numbers(1, 3), ended: true});
  });

  it('are dropped for a slow reader, the oldest first, and it learns how many', async () => {
    const {emit, read} = create();
    const slow = read({accepts: 1});
    const quick = read();
    emit('first');
    await delay(20);
    emit(...numbers(1, 25));
    await delay(20);
    expect(slow.seen()).toEqual(['first']);
    slow.acceptAll();
    expect(slow.seen()).toEqual(['first', 'missed 15', ...numbers(16, 25)]);
    emit('after');
    await delay(20);
    expect(slow.seen().at(-1)).toBe('after');
    expect(quick.seen()).toEqual(['first', 'missed 15', ...numbers(16, 25), 'after']);
  });

  it('that wait for a slow reader fit into the limit of bytes, and it learns how many are lost', async () => {
    const {events, emit, read} = create({queued: {count: 1_000, bytes: 20_000}});
    const slow = read({accepts: 1});
    emit('first');
    await delay(20);
    // Each needs about 8.2 kB: two fit.
    for (let call = 1; call <= 5; call++)
      events.emit({kind: 'rpc-began', rpc: String(call)}, () => ({request: 'x'.repeat(4_000)}));
    slow.acceptAll();
    expect(slow.seen()).toEqual(['first', 'missed 3', '4', '5']);
    emit(...numbers(6, 40));
    await delay(20);
    expect(slow.seen().slice(-36)).toEqual(['5', ...numbers(6, 40)]);
  });

  it('are forgotten one by one, also when large and small events alternate', async () => {
    const {emit, read} = create({queued: {count: 10, bytes: 3_000}});
    const slow = read({accepts: 1});
    emit('first');
    await delay(20);
    emit(...numbers(1, 30), 'x'.repeat(1_200), 'last', 'y'.repeat(2_000));
    emit('after');
    slow.acceptAll();
    // An event that is larger than the limit is lost, and all before it.
    expect(slow.seen()).toEqual(['first', 'missed 33', 'after']);
  });

  it('of routine calls are not kept for later readers', async () => {
    const {events, emit, read} = create();
    const early = read();
    events.emit({kind: 'rpc-began', rpc: 'routine', routine: true});
    emit('other');
    const late = read({past: true});
    await delay(20);
    expect(early.seen()).toEqual(['routine', 'other']);
    expect(late.seen()).toEqual(['other']);
  });

  it('are sent before the end when the runtime stops, and not after the reader has gone', async () => {
    const {emit, read} = create();
    const [stopped, gone] = [read(), read()];
    emit('last');
    gone.reader.drop();
    stopped.reader.stop();
    emit('too late');
    await delay(20);
    expect({seen: stopped.seen(), ended: stopped.isEnded()}).toEqual({seen: ['last'], ended: true});
    expect({seen: gone.seen(), ended: gone.isEnded()}).toEqual({seen: [], ended: false});
  });
});

describe('the clock', () => {
  it('has microseconds, and follows when the wall clock is set', () => {
    let [wall, up] = [performance.timeOrigin + 100, 100];
    const clock = createClock(
      () => Math.floor(wall),
      () => up,
    );
    const first = clock();
    wall += 0.25;
    up += 0.25;
    expect(clock() - first).toBe(250);
    wall += 3_600_000;
    expect(clock() - first).toBeGreaterThan(3_599_000_000);
    wall -= 7_200_000;
    expect(clock() - first).toBeLessThan(-3_599_000_000);
  });
});
