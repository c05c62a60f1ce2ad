import {array, assert, nat, property, record} from 'fast-check';
import {describe, expect, it} from 'vitest';
import {createMerge} from '../../../src/cluster/events/merge.ts';

const at = (time: number) => String(time).padStart(6, '0');

describe('the merge by time', () => {
  it('returns what is older than the limit, in the order of time, and keeps the rest', () => {
    const merge = createMerge<{time: string; from: string}>();
    for (const [time, from] of [
      [3, 'a'],
      [1, 'b'],
      [5, 'a'],
      [3, 'b'],
    ] as const)
      merge.add({time: at(time), from});
    expect(merge.take(at(4)).map(({time, from}) => `${Number(time)}${from}`)).toEqual(['1b', '3a', '3b']);
    expect(merge.size()).toBe(1);
    expect(merge.take()).toEqual([{time: at(5), from: 'a'}]);
    expect(merge.take()).toEqual([]);
  });

  it('restores the order of events that are at most a window late, and loses none', () => {
    const window = 20;
    assert(
      property(array(record({step: nat(10), late: nat(window)}), {maxLength: 200}), (steps) => {
        let now = 0;
        const arrivals = steps
          .map(({step, late}) => {
            now += step;
            return {time: now, arrives: now + late};
          })
          .toSorted((a, b) => a.arrives - b.arrives);
        const merge = createMerge<{time: string}>();
        const taken: string[] = [];
        for (const {time, arrives} of arrivals) {
          taken.push(...merge.take(at(Math.max(0, arrives - window))).map((event) => event.time));
          merge.add({time: at(time)});
        }
        taken.push(...merge.take().map((event) => event.time));
        expect(taken).toEqual(steps.length === 0 ? [] : arrivals.map(({time}) => at(time)).toSorted());
      }),
    );
  });
});
