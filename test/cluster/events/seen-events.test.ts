import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {expect, it} from 'vitest';
import type {ClusterEvent} from '../../../src/cluster/events/event.ts';
import {createSeenEvents} from '../../../src/cluster/events/seen-events.ts';

const event = (call: number, request = ''): ClusterEvent => ({
  version: 1,
  time: '2026-11-28T15:47:09.091557Z',
  source: 'runtime',
  kind: 'rpc-began',
  call,
  request,
});

it('an event is new once', () => {
  const isNew = createSeenEvents();
  expect([event(1), event(2), event(1), event(1, 'other')].map(isNew)).toEqual([true, true, false, true]);
});

it('the latest events are remembered', () => {
  const isNew = createSeenEvents(3);
  expect([1, 2, 3, 4].map((call) => isNew(event(call)))).toEqual([true, true, true, true]);
  expect([2, 3, 4, 1].map((call) => isNew(event(call)))).toEqual([false, false, false, true]);
});

it('events with large requests need no more memory than others', () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const used = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const isNew = createSeenEvents();
  const before = used();
  for (let call = 0; call < 6_000; call++) isNew(event(call, 'x'.repeat(4_000)));
  expect(used() - before).toBeLessThan(3_000_000);
  expect(isNew(event(5_999, 'x'.repeat(4_000)))).toBe(false);
});
