/** The lanes of a pod's life on one clock, with zoom. */

import {useEffect, useMemo, useRef, useState} from 'preact/hooks';
import {classOf, exactTimes, inMs, type PlacedLane, placeLanes} from '../model/lanes.ts';
import type {Lane, Life} from '../model/life.ts';
import {
  createScale,
  type HeldWindow,
  pan,
  type Scale,
  type Window,
  windowWith,
  zoom,
} from '../model/scale.ts';
import {fontSize} from '../settings.ts';
import {chosenBar} from '../store.ts';
import {Axis} from './axis.tsx';
import {BarButton} from './bar.tsx';
import {Calls, type LaneBox} from './calls.tsx';
import {Icon} from './icon.tsx';
import {memo} from './memo.ts';
import {Overview} from './overview.tsx';
import {useSize} from './use-size.ts';

const titles: Readonly<Record<string, string>> = {
  pod: 'Pod',
  containerd: 'containerd',
  kubelet: 'kubelet',
  runtime: 'KNI runtime',
};
const subtitles: Readonly<Record<string, string>> = {
  pod: 'at the API server',
  containerd: 'CRI',
  kubelet: 'calls CRI and KNI',
  runtime: 'KNI, gRPC',
};

const titleOf = (lane: Lane): string => titles[lane] ?? lane.slice('plugin '.length);

interface Props {
  readonly life: Life;
  /** Microseconds since the epoch: calls that run end here. */
  readonly now: number;
}

/** Events of other pods do not render it again. */
export const Lanes = memo(({life, now}: Props) => {
  const lanes = useRef<HTMLDivElement>(null);
  const [ref, {width}] = useSize();
  const [scroll, {height: room}] = useSize();
  const [chosen, setWindow] = useState<Window | 'whole' | undefined>(undefined);
  const isOpen = life.open.size > 0;
  const scale = useMemo(() => createScale(exactTimes(life, now)), [life.bars, isOpen ? now : 0]);
  const held = useRef<HeldWindow | undefined>(undefined);
  // A pod that cannot start has many attempts: by default the latest are shown.
  const usual =
    life.state === 'failing' ? windowWith(scale, usedTimes(life, lanes.current), held.current) : undefined;
  held.current = usual?.held;
  const window = chosen === undefined && usual !== undefined ? usual.window : shownWindow(scale, chosen);
  const unit = fontSize() / 14;
  const placed = placeLanes(life, {scale, window, width, now, letter: 6.35 * unit});
  const rowHeight = rowHeightFor(placed, room, unit);
  const boxes = boxesOf(placed, rowHeight, unit);
  const height = boxes.reduce((sum, box) => sum + box.height, 0);
  const shown = placed.flatMap(({bars}) => bars.map(({bar}) => bar)).sort((a, b) => a.start - b.start);
  const tabStop = (shown.find(({id}) => id === chosenBar.value) ?? shown[0])?.id;
  const change = (next: Window): void => setWindow(isWhole(scale, next) ? 'whole' : next);
  /** Around the bar that has the focus, so that it stays visible. */
  const zoomBy = (factor: number): void => {
    const focused =
      document.activeElement instanceof HTMLElement ? document.activeElement.dataset['start'] : undefined;
    const at = focused === undefined ? (window.start + window.end) / 2 : scale.offsetOf(Number(focused));
    change(zoom(scale, window, factor, at));
  };
  useKeys((event) => {
    if (event.key === '+' || event.key === '=') zoomBy(0.5);
    else if (event.key === '-') zoomBy(2);
    else if (event.key === '0') setWindow('whole');
    else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      const isBack = event.key === 'ArrowLeft';
      if (event.shiftKey) change(pan(scale, window, isBack ? -0.25 : 0.25));
      else moveFocus(lanes.current, isBack ? -1 : 1);
    } else return;
    event.preventDefault();
  });
  return (
    <div class="lanes" role="group" aria-label="Calls on one clock" ref={lanes}>
      <div class="lanes-tools">
        <Overview {...{life, scale, window, now}} onChange={change} />
        <span class="zoom">
          <button
            type="button"
            class="icon-button"
            aria-label="Zoom in"
            title="Zoom in (+)"
            onClick={() => zoomBy(0.5)}
          >
            <Icon name="plus" />
          </button>
          <button
            type="button"
            class="icon-button"
            aria-label="Zoom out"
            title="Zoom out (−)"
            onClick={() => zoomBy(2)}
          >
            <Icon name="minus" />
          </button>
          <button
            type="button"
            class="icon-button"
            aria-label="Show the whole life"
            title="Show the whole life (0)"
            onClick={() => setWindow('whole')}
          >
            <Icon name="fit" />
          </button>
        </span>
      </div>
      <Axis {...{scale, window, width}} origin={life.begun} />
      <div
        class="lanes-scroll"
        ref={scroll}
        onWheel={(event) => {
          if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
            event.preventDefault();
            change(pan(scale, window, (event.deltaX || event.deltaY) / 1_000));
          } else if (event.ctrlKey || event.metaKey) {
            event.preventDefault();
            const {left} = ref.current?.getBoundingClientRect() ?? {left: 0};
            const at =
              window.start + ((event.clientX - left) / Math.max(width, 1)) * (window.end - window.start);
            change(zoom(scale, window, event.deltaY > 0 ? 1.25 : 0.8, at));
          }
        }}
      >
        <div class="lane-names">
          {boxes.map(({lane, height: of}) => (
            <div key={lane} class={`lane-name ${classOf(lane)}`} style={{height: `${of}px`}}>
              <span class="lane-title" title={titleOf(lane)}>
                {titleOf(lane)}
              </span>
              {of > 27 * unit && <span class="lane-subtitle">{subtitles[lane] ?? 'CNI plugin'}</span>}
            </div>
          ))}
        </div>
        <div class="lane-track" ref={ref}>
          <Stripes {...{scale, window, width, boxes, height}} />
          <Calls {...{boxes, placed, width, height}} />
          {placed.map(({lane, bars}, index) => {
            const box = boxes[index];
            return bars.map((each) => (
              <BarButton
                key={each.bar.id}
                placed={each}
                lane={classOf(lane)}
                title={titleOf(lane)}
                since={inMs(each.bar.start - life.begun)}
                top={(box?.top ?? 0) + (box?.padding ?? 0) + each.row * rowHeight}
                height={Math.min(rowHeight - 3, 20 * unit)}
                isChosen={chosenBar.value === each.bar.id}
                isTabStop={tabStop === each.bar.id}
              />
            ));
          })}
        </div>
      </div>
    </div>
  );
});

/** Pixels at the usual size. Rows get what room there is. */
const rowHeights = {least: 15, most: 32};
const padding = 4;

const rowHeightFor = (lanes: readonly PlacedLane[], height: number, unit: number): number => {
  const rows = lanes.reduce((sum, lane) => sum + lane.rows, 0);
  const fitting = Math.floor((height - 2 * padding * unit * lanes.length - 2) / rows);
  return Math.min(Math.max(fitting, rowHeights.least * unit), rowHeights.most * unit);
};

const boxesOf = (placed: readonly PlacedLane[], rowHeight: number, unit: number): readonly LaneBox[] => {
  let top = 0;
  return placed.map(({lane, rows}) => {
    const height = Math.floor(rows * rowHeight + 2 * padding * unit);
    const box = {lane, top, height, padding: padding * unit};
    top += height;
    return box;
  });
};

const isWhole = ({length}: Scale, {start, end}: Window): boolean => start <= 0 && end >= length;

const shownWindow = (scale: Scale, chosen: Window | 'whole' | undefined): Window =>
  chosen === undefined || chosen === 'whole' ? {start: 0, end: scale.length} : clamp(scale, chosen);

/** The times of the chosen bar and of the bar with the focus: both must stay visible. */
const usedTimes = ({bars}: Life, lanes: HTMLElement | null): readonly number[] => {
  const focused = lanes?.querySelector<HTMLElement>('.bar:focus')?.dataset['start'];
  const used = bars.find(({id}) => id === chosenBar.value)?.start;
  return [...(focused === undefined ? [] : [Number(focused)]), ...(used === undefined ? [] : [used])];
};

const clamp = ({length}: Scale, {start, end}: Window): Window => ({
  start: Math.min(start, Math.max(length - (end - start), 0)),
  end: Math.min(end, length),
});

/** Keys work wherever the focus is, except in form fields. */
const useKeys = (onKey: (event: KeyboardEvent) => void): void => {
  const latest = useRef(onKey);
  latest.current = onKey;
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      const isTaken = event.target instanceof HTMLElement && event.target.matches('input, select, textarea');
      if (!isTaken && !event.ctrlKey && !event.metaKey && !event.altKey) latest.current(event);
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
};

/** Bars are in the order of time for the keyboard, whatever their lane. */
const moveFocus = (lanes: HTMLElement | null, step: 1 | -1): void => {
  const bars = [...(lanes?.querySelectorAll<HTMLElement>('.bar') ?? [])].sort(
    (a, b) => Number(a.dataset['start']) - Number(b.dataset['start']),
  );
  const index = bars.findIndex((bar) => bar === document.activeElement);
  const next = index < 0 ? (step > 0 ? 0 : bars.length - 1) : index + step;
  bars[Math.min(Math.max(next, 0), bars.length - 1)]?.focus();
};

interface StripesProps {
  readonly scale: Scale;
  readonly window: Window;
  readonly width: number;
  readonly boxes: readonly LaneBox[];
  readonly height: number;
}

/** The background: a stripe for each lane, and the folds of the clock. */
const Stripes = ({scale, window, width, boxes, height}: StripesProps) => {
  const perPixel = (window.end - window.start) / Math.max(width, 1);
  return (
    <svg class="stripes" aria-hidden="true" width={width} height={height}>
      {boxes.map(({lane, top, height: of}, index) => (
        <rect
          key={lane}
          class={index % 2 === 0 ? 'stripe' : 'stripe stripe-odd'}
          x="0"
          y={top}
          width={width}
          height={of}
        />
      ))}
      {scale.folds.map(({offset, length}) => (
        <rect
          key={offset}
          class="fold"
          x={(offset - window.start) / perPixel}
          y="0"
          width={Math.max(length / perPixel, 4)}
          height={height}
        />
      ))}
    </svg>
  );
};
