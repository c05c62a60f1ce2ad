import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {
  createScale,
  latestWindow,
  pan,
  ticksOf,
  windowWith,
  zoom,
} from '../../../src/dashboard/page/model/scale.ts';

const second = 1_000_000;

describe('the clock of the lanes', () => {
  it('folds a long time in which nothing happens', () => {
    const scale = createScale([
      {from: 0, to: second},
      {from: 100 * second, to: 101 * second},
    ]);
    expect(scale.segments.map(({from, to}) => [from, to])).toEqual([
      [-60_000, 1_060_000],
      [99_940_000, 101_060_000],
    ]);
    expect(scale.folds.map(({skipped}) => skipped)).toEqual([98_880_000]);
    expect(scale.length).toBeLessThan(3 * second);
  });

  const scaleOf = (attempts: number) =>
    createScale(
      Array.from({length: attempts}, (_, index) => ({
        from: index * 12 * second,
        to: index * 12 * second + second,
      })),
    );

  it('shows the latest of many attempts, and the whole of few', () => {
    const [few, many] = [scaleOf(4), scaleOf(9)];
    expect(latestWindow(few)).toEqual({start: 0, end: few.length});
    expect(latestWindow(many)).toEqual({start: many.offsetOf(6 * 12 * second - 60_000), end: many.length});
    expect(latestWindow(createScale([]))).toEqual({start: 0, end: 1});
  });

  it('shows the whole if a used time is before the latest attempts', () => {
    const scale = scaleOf(9);
    const whole = {start: 0, end: scale.length};
    expect(windowWith(scale, [], undefined).window).toEqual(latestWindow(scale));
    expect(windowWith(scale, [8 * 12 * second], undefined).window).toEqual(latestWindow(scale));
    expect(windowWith(scale, [12 * second], undefined).window).toEqual(whole);
    expect(windowWith(scale, [12 * second, 8 * 12 * second], undefined).window).toEqual(whole);
  });

  it('keeps the window of a used time while new attempts come', () => {
    const used = 6 * 12 * second;
    const {held} = windowWith(scaleOf(9), [used], undefined);
    const more = scaleOf(12);
    const {window} = windowWith(more, [used], held);
    expect(window.start).toBe(more.offsetOf(used - 60_000));
    expect(window.end).toBe(more.offsetOf(8 * 12 * second + second + 60_000));
    expect(windowWith(more, [], held).window).toEqual(latestWindow(more));
    expect(windowWith(more, [11 * 12 * second], held).window).toEqual(latestWindow(more));
  });

  it('does not fold a short one', () => {
    expect(
      createScale([
        {from: 0, to: second},
        {from: 3 * second, to: 4 * second},
      ]).folds,
    ).toEqual([]);
  });

  it('keeps the order of all times', () => {
    const span = fc
      .tuple(fc.integer({min: 0, max: 1e9}), fc.integer({min: 0, max: 1e6}))
      .map(([from, size]) => ({from, to: from + size}));
    fc.assert(
      fc.property(
        fc.array(span, {minLength: 1, maxLength: 30}),
        fc.integer({min: 0, max: 1e9}),
        fc.integer({min: 1, max: 1e7}),
        (spans, time, more) => {
          const {offsetOf, length} = createScale(spans);
          expect(offsetOf(time + more)).toBeGreaterThanOrEqual(offsetOf(time));
          for (const {from, to} of spans) {
            expect(offsetOf(from)).toBeGreaterThanOrEqual(0);
            expect(offsetOf(to)).toBeLessThanOrEqual(length + 1e-3);
            // Within a call, the clock is not folded.
            expect(offsetOf(to) - offsetOf(from)).toBeCloseTo(to - from, 3);
          }
        },
      ),
    );
  });

  it('has round ticks outside of the folds', () => {
    const scale = createScale([
      {from: 0, to: second},
      {from: 100 * second, to: 101 * second},
    ]);
    const ticks = ticksOf(scale, {start: 0, end: scale.length}, 0, 10);
    expect(ticks.map(({since}) => since / 1000)).toEqual([0, 500, 1000, 100_000, 100_500, 101_000]);
    for (const {offset, since} of ticks) expect(offset).toBeCloseTo(scale.offsetOf(since), 3);
  });

  it('zooms around a position and stays within its ends', () => {
    const scale = createScale([{from: 0, to: 9 * second}]);
    const whole = {start: 0, end: scale.length};
    const half = zoom(scale, whole, 0.5, scale.length / 4);
    expect(half.end - half.start).toBeCloseTo(scale.length / 2, 3);
    expect((scale.length / 4 - half.start) / (half.end - half.start)).toBeCloseTo(0.25, 6);
    expect(zoom(scale, half, 100, 0)).toEqual(whole);
    expect(pan(scale, half, -10).start).toBe(0);
    expect(pan(scale, half, 10).end).toBeCloseTo(scale.length, 3);
  });
});
