import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {expect, it} from 'vitest';
import type {StampedEvent} from '../../../runtime/src/events/event.ts';
import {createEventBuffer} from '../../../runtime/src/events/event-buffer.ts';

const event = (call: number, request = ''): StampedEvent => ({
  kind: 'rpc-began',
  call,
  request,
  timeUs: call,
});
const calls = (events: readonly StampedEvent[]) => events.map(({call}) => call);

it('drops the oldest events, and returns how many', () => {
  const buffer = createEventBuffer({count: 3, bytes: 100_000});
  expect([1, 2, 3, 4, 5].map((call) => buffer.add(event(call)))).toEqual([0, 0, 0, 1, 1]);
  expect(calls(buffer.all())).toEqual([3, 4, 5]);
  expect(calls(buffer.take(2))).toEqual([3, 4]);
  expect(calls(buffer.take(2))).toEqual([5]);
  expect(calls(buffer.take(2))).toEqual([]);
  expect(buffer.add(event(6))).toBe(0);
  expect(calls(buffer.all())).toEqual([6]);
});

it('counts the bytes of the events that it has, not of those that were taken', () => {
  const buffer = createEventBuffer({count: 1_000, bytes: 5_000});
  for (let round = 0; round < 10; round++) {
    expect([1, 2].map((call) => buffer.add(event(call, 'x'.repeat(1_000))))).toEqual([0, 0]);
    expect(buffer.add(event(3, 'x'.repeat(1_000)))).toBe(1);
    expect(calls(buffer.take(1_000))).toEqual([2, 3]);
  }
});

it('does not keep dropped events in memory', () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const buffer = createEventBuffer({count: 4_000, bytes: 1_000_000});
  const used = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  // Flat texts of one byte for each character: 4 kB each, together 16 MB.
  for (let call = 0; call < 4_000; call++)
    buffer.add(event(call, Buffer.alloc(4_000, 97 + (call % 20)).toString('latin1')));
  expect(buffer.size()).toBeLessThan(130);
  expect(used() - before).toBeLessThan(4_000_000);
});
