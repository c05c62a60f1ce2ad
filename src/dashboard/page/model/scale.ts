/** One clock for all lanes. Long times in which nothing happens are folded, so that milliseconds stay visible. Pure. */

/** Microseconds. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

export interface Segment extends Interval {
  /** Where the segment begins on the folded clock: microseconds since its beginning. */
  readonly offset: number;
}

export interface Fold {
  /** Where the fold begins on the folded clock. */
  readonly offset: number;
  /** Its length on the folded clock. */
  readonly length: number;
  /** The time at this point, in microseconds. */
  readonly skipped: number;
}

export interface Scale {
  readonly segments: readonly Segment[];
  readonly folds: readonly Fold[];
  /** Length of the folded clock: microseconds. */
  readonly length: number;
  /** The position of a time on the folded clock. */
  readonly offsetOf: (time: number) => number;
}

/** Microseconds without events that are folded, and what stays visible before and after. */
const longest = 2_500_000;
const margin = 60_000;
/** The part of the clock that a fold takes. */
const foldShare = 0.05;

/** `spans` are the times in which something happens, in any order. */
export const createScale = (spans: readonly Interval[]): Scale => {
  const segments = merge(spans);
  const busy = segments.reduce((sum, {from, to}) => sum + to - from, 0);
  const foldLength = Math.max(busy * foldShare, 1);
  const placed: Segment[] = [];
  const folds: Fold[] = [];
  let offset = 0;
  for (const {from, to} of segments) {
    const before = placed.at(-1);
    if (before !== undefined) {
      folds.push({offset, length: foldLength, skipped: from - before.to});
      offset += foldLength;
    }
    placed.push({from, to, offset});
    offset += to - from;
  }
  const offsetOf = (time: number): number => {
    const index = placed.findLastIndex(({from}) => from <= time);
    const segment = placed[index];
    if (segment === undefined)
      return (placed[0]?.offset ?? 0) + Math.min(0, time - (placed[0]?.from ?? time));
    const inside = segment.offset + time - segment.from;
    const next = placed[index + 1];
    if (time <= segment.to || next === undefined) return inside;
    const share = (time - segment.to) / (next.from - segment.to);
    return segment.offset + segment.to - segment.from + share * foldLength;
  };
  return {segments: placed, folds, length: Math.max(offset, 1), offsetOf};
};

const merge = (spans: readonly Interval[]): readonly Interval[] => {
  const merged: {from: number; to: number}[] = [];
  for (const {from, to} of [...spans].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && from - last.to <= longest) last.to = Math.max(last.to, to);
    else merged.push({from, to});
  }
  return merged.map(({from, to}) => ({from: from - margin, to: to + margin}));
};

/** Part of the folded clock. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/** Segments that have room for their labels. */
const readable = 4;
/** Segments that are shown if there are more. */
const latest = 3;

/** The whole clock or, if it has many segments, the last of them. */
export const latestWindow = ({segments, length}: Scale): Window => {
  const first = segments.length > readable ? segments.at(-latest) : undefined;
  return {start: first?.offset ?? 0, end: length};
};

/** Where the first and the last segment of a window begin: times do not change when segments are added, but positions do. */
export interface HeldWindow {
  readonly first: number;
  readonly last: number;
}

/** The window that has all `times`: the held one, the latest one, or the whole clock. Without `times`, the latest one. */
export const windowWith = (
  scale: Scale,
  times: readonly number[],
  held: HeldWindow | undefined,
): {readonly window: Window; readonly held: HeldWindow | undefined} => {
  const hasAll = ({start, end}: Window): boolean =>
    times.map(scale.offsetOf).every((offset) => offset >= start && offset <= end);
  const before = times.length > 0 && held !== undefined ? findWindow(scale, held) : undefined;
  if (before !== undefined && hasAll(before)) return {window: before, held};
  const window = latestWindow(scale);
  if (!hasAll(window)) return {window: {start: 0, end: scale.length}, held: undefined};
  const [first, last] = [scale.segments.at(-latest), scale.segments.at(-1)];
  const isPart = window.start > 0 && first !== undefined && last !== undefined;
  return {window, held: isPart ? {first: first.from, last: last.from} : undefined};
};

const findWindow = ({segments}: Scale, held: HeldWindow): Window | undefined => {
  const first = segments.find(({from}) => from === held.first);
  const last = segments.find(({from}) => from === held.last);
  return first && last && {start: first.offset, end: last.offset + last.to - last.from};
};

export interface Tick {
  /** Position on the folded clock. */
  readonly offset: number;
  /** Microseconds since `origin`. */
  readonly since: number;
}

const steps = [1, 2, 5];

/** About `count` round times within the window, as times since `origin`. A segment without a round time has its beginning. */
export const ticksOf = (
  {segments}: Scale,
  {start, end}: Window,
  origin: number,
  count: number,
): readonly Tick[] => {
  const raw = Math.max((end - start) / Math.max(count, 1), 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = (steps.find((each) => each * power >= raw) ?? 10) * power;
  return segments.flatMap(({from, to, offset}) => {
    const first = Math.ceil((Math.max(from, from + start - offset) - origin) / step) * step + 0;
    const last = Math.min(to, from + end - offset) - origin;
    const ticks: Tick[] = [];
    for (let since = first; since <= last; since += step)
      ticks.push({since, offset: offset + origin + since - from});
    if (ticks.length === 0 && offset >= start && offset <= end) ticks.push({since: from - origin, offset});
    return ticks;
  });
};

const least = 200;

/** The window zoomed by `factor` around `at`, a position on the folded clock; within the clock. */
export const zoom = ({length}: Scale, {start, end}: Window, factor: number, at: number): Window => {
  const width = Math.min(Math.max((end - start) * factor, least), length);
  const share = (at - start) / (end - start);
  return within(length, at - share * width, width);
};

/** The window moved by a part of its width. */
export const pan = ({length}: Scale, {start, end}: Window, share: number): Window =>
  within(length, start + share * (end - start), end - start);

const within = (length: number, start: number, width: number): Window => {
  const from = Math.min(Math.max(start, 0), Math.max(length - width, 0));
  return {start: from, end: from + width};
};
