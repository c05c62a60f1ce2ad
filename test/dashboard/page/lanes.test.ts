import {describe, expect, it} from 'vitest';
import {exactTimes, intervalOf, type PlacedBar, placeLanes} from '../../../src/dashboard/page/model/lanes.ts';
import type {Life} from '../../../src/dashboard/page/model/life.ts';
import {emptyModel} from '../../../src/dashboard/page/model/model.ts';
import {reduce} from '../../../src/dashboard/page/model/reduce.ts';
import {createScale} from '../../../src/dashboard/page/model/scale.ts';
import {inOrder, madePod} from '../../rig/dashboard/made-pod.ts';
import {podCreated, podFails, podStart, podStarts} from '../../rig/dashboard/pod-life.ts';
import {beginning} from '../../rig/dashboard/stories.ts';

const web = madePod('default/web', 2);
const started = podStart(web, beginning + 200_000);
const failedFirst = [
  ...podCreated(web, beginning),
  ...podFails(web, beginning),
  ...podStarts(web, beginning + 12_000_000, 100),
];

const lifeAfter = (messages: ReturnType<typeof podStart>): Life => {
  const [life] = reduce(emptyModel, inOrder(messages)).lives.values();
  if (life === undefined) throw new Error('no life');
  return life;
};

const place = (life: Life, width: number) => {
  const scale = createScale(exactTimes(life, life.latest));
  return placeLanes(life, {scale, window: {start: 0, end: scale.length}, width, now: life.latest, letter: 6});
};

/** The pixels that a bar and its label take. */
const extent = ({bar, left, width, labelled, text}: PlacedBar): readonly [number, number] => {
  const sign = bar.isFailed || bar.isRollback ? 2 : 0;
  const label = (text.length + sign) * 6;
  return [
    labelled === 'before' ? left - label : left,
    labelled === 'after' ? left + width + label : left + width,
  ];
};

describe('lanes', () => {
  it.each([
    ['a start', started, 900],
    ['a start on a narrow screen', started, 400],
    ['a failed attempt', failedFirst, 900],
  ])('do not let bars or labels of %s overlap', (_, messages, width) => {
    const overlaps = place(lifeAfter(messages), width).flatMap(({bars}) =>
      bars.flatMap((one) =>
        bars
          .filter((other) => other !== one && other.row === one.row && other.labelled !== 'none')
          .filter((other) => extent(other)[0] >= extent(one)[0] && extent(other)[0] < extent(one)[1] - 1)
          .map((other) => `${one.text} and ${other.text}`),
      ),
    );
    expect(overlaps).toEqual([]);
  });

  it('draw the second that the API server reports, with the moment when it was seen', () => {
    const life = lifeAfter(started);
    const [pod] = place(life, 900);
    const ready = pod?.bars.find(({text}) => text === 'Ready');
    expect(ready?.bar.shape).toBe('second');
    expect(intervalOf(ready?.bar ?? never(), 0)).toEqual({
      from: beginning + 1_000_000,
      to: beginning + 2_000_000,
    });
    expect(ready?.tick).toBeGreaterThan(0);
    // The creation is known only to the second.
    expect(pod?.bars.find(({text}) => text === 'created')?.tick).toBeUndefined();
  });

  it('leave out bars outside of the window', () => {
    const life = lifeAfter(failedFirst);
    const scale = createScale(exactTimes(life, life.latest));
    const window = {start: 0, end: scale.length / 20};
    const bars = placeLanes(life, {scale, window, width: 900, now: life.latest, letter: 6}).flatMap(
      (lane) => lane.bars,
    );
    expect(bars.map(({text}) => text)).toEqual(['created', 'Scheduled']);
  });

  it('show a call of less than a pixel', () => {
    const bars = place(lifeAfter(started), 300).flatMap((lane) => lane.bars);
    expect(Math.min(...bars.map(({width}) => width))).toBeGreaterThanOrEqual(3);
  });
});

const never = (): never => {
  throw new Error('unknown bar');
};
