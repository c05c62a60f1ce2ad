/** Places the bars of a life in lanes: each lane has rows, so that neither bars nor labels overlap. Pure. */

import type {Bar, Lane, Life} from './life.ts';
import type {Interval, Scale, Window} from './scale.ts';

export interface PlacedBar {
  readonly bar: Bar;
  readonly row: number;
  /** Pixels from the left of the lanes. */
  readonly left: number;
  readonly width: number;
  /** Where the label fits: inside the bar, after or before it, or nowhere. */
  readonly labelled: 'inside' | 'after' | 'before' | 'none';
  readonly text: string;
  /** Pixels from the left of the bar: when a change at the API server was seen. */
  readonly tick: number | undefined;
}

export interface PlacedLane {
  readonly lane: Lane;
  readonly rows: number;
  readonly bars: readonly PlacedBar[];
}

export interface Placement {
  readonly scale: Scale;
  readonly window: Window;
  /** Pixels. */
  readonly width: number;
  /** Microseconds since the epoch: calls that run end here. */
  readonly now: number;
  /** Pixels of a letter. */
  readonly letter: number;
}

const second = 1_000_000;
/** Pixels. */
const leastWidth = 3;
const gap = 6;
const mostRows = 7;
/** The width of ✕ or ↩ before a label. */
const signLetters = 2.5;

/** The time that a bar covers. For the API server it is the second that it reports. */
export const intervalOf = ({shape, start, end}: Bar, now: number): Interval => {
  if (shape !== 'second') return {from: start, to: end ?? Math.max(now, start)};
  const from = Math.floor(start / second) * second;
  return {from, to: from + second};
};

/**
 * The intervals that the time axis must contain: calls, moments, and when changes at the API server were seen. The API server gives times
 * in whole seconds. Such a second may begin earlier and end later; the axis cuts it, because it would make everything else small.
 */
export const exactTimes = ({bars}: Life, now: number): readonly Interval[] => {
  const exact = bars.filter(isExact);
  return (exact.length > 0 ? exact : bars).map((bar) =>
    bar.shape === 'second' && exact.length > 0 ? {from: bar.start, to: bar.start} : intervalOf(bar, now),
  );
};

const isExact = ({shape, start}: Bar): boolean => shape !== 'second' || start % second !== 0;

const order: readonly Lane[] = ['pod', 'containerd', 'kubelet', 'runtime'];

/** The kubelet is between the programs that it calls; plugins follow in the order of their first call. */
export const lanesOf = ({bars}: Life): readonly Lane[] => {
  const plugins = [...new Set(bars.map(({lane}) => lane))].filter((lane) => lane.startsWith('plugin '));
  return [...order, ...plugins];
};

/** The class of a lane in the style sheet: `lane-plugin` for all plugins. */
export const classOf = (lane: Lane): string => (lane.startsWith('plugin ') ? 'lane-plugin' : `lane-${lane}`);

export const inMs = (microseconds: number): string => {
  const ms = microseconds / 1000;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
};

/** The measured duration, which is more exact than the difference of two times. */
export const durationOf = ({shape, start, end, ended}: Bar): number | undefined => {
  if (shape !== 'span' || end === undefined) return undefined;
  return ended?.ms === undefined ? end - start : ended.ms * 1000;
};

export const textOf = (bar: Bar): string => {
  const duration = durationOf(bar);
  if (bar.shape !== 'span') return bar.label;
  return duration === undefined ? `${bar.label} …` : `${bar.label} ${inMs(duration)}`;
};

export const placeLanes = (life: Life, placement: Placement): readonly PlacedLane[] =>
  lanesOf(life).map((lane) =>
    placeLane(
      lane,
      life.bars.filter((bar) => bar.lane === lane),
      placement,
    ),
  );

const placeLane = (lane: Lane, bars: readonly Bar[], placement: Placement): PlacedLane => {
  const {scale, window, width, now, letter} = placement;
  const perPixel = (window.end - window.start) / Math.max(width, 1);
  const xOf = (time: number): number => (scale.offsetOf(time) - window.start) / perPixel;
  /** The pixel at which each row is free again. */
  const free: number[] = [];
  const placed = [...bars]
    .sort((a, b) => a.start - b.start || a.id - b.id)
    .flatMap((bar): readonly PlacedBar[] => {
      const {from, to} = intervalOf(bar, now);
      const [x0, x1] = [xOf(from), xOf(to)];
      if (x1 < -1 || x0 > width + 1) return [];
      const left = Math.max(x0, -2);
      const size = bar.shape === 'point' ? 7 : Math.max(Math.min(x1, width + 2) - left, leastWidth);
      const text = textOf(bar);
      const signs = bar.isFailed || bar.isRollback ? signLetters : 0;
      const textWidth = (widthOf(text) + signs) * letter + gap;
      const isInside = bar.shape !== 'point' && size > textWidth + 2;
      const right = left + size;
      const end = isInside ? right : right + textWidth;
      const fitsAfter = isInside || end <= width;
      const isBefore = !fitsAfter && left > textWidth;
      const first = isBefore ? left - textWidth : left;
      const open = free.findIndex((until) => until <= first);
      const row = open >= 0 ? open : free.length < mostRows ? free.length : free.indexOf(Math.min(...free));
      const isCrowded = open < 0 && free.length >= mostRows;
      free[row] = Math.max(isBefore || isCrowded ? right : end + (isInside ? -1 : 3), free[row] ?? 0);
      const labelled = isCrowded
        ? 'none'
        : isInside
          ? 'inside'
          : isBefore
            ? 'before'
            : fitsAfter
              ? 'after'
              : 'none';
      const tick = bar.shape === 'second' && bar.start % second !== 0 ? xOf(bar.start) - left : undefined;
      return [{bar, row, left, width: size, labelled, text, tick}];
    });
  return {lane, rows: Math.max(free.length, 1), bars: placed};
};

/** Letters, where those of East Asian scripts count twice. */
const widthOf = (text: string): number => {
  let width = 0;
  for (const letter of text) width += (letter.codePointAt(0) ?? 0) >= 0x1100 ? 2 : 1;
  return width;
};
