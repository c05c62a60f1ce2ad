/** The clock above the lanes. */

import {type Scale, ticksOf, type Window} from '../model/scale.ts';
import {sinceText, spanText} from '../model/text.ts';
import {fontSize} from '../settings.ts';

interface Props {
  readonly scale: Scale;
  readonly window: Window;
  /** Pixels. */
  readonly width: number;
  /** Microseconds since the epoch. */
  readonly origin: number;
}

/** Pixels between two ticks. */
const spacing = 110;

export const Axis = ({scale, window, width, origin}: Props) => {
  const perPixel = (window.end - window.start) / Math.max(width, 1);
  const unit = fontSize() / 14;
  const xOf = (offset: number): number => (offset - window.start) / perPixel;
  const ticks = ticksOf(scale, window, origin, Math.max(Math.floor(width / (spacing * unit)), 2));
  const folds = scale.folds.map(({offset, length, skipped}) => ({
    x: xOf(offset),
    size: length / perPixel,
    skipped,
  }));
  // Labels that a fold covers, and those that would touch the one before, are left out.
  let free = Number.NEGATIVE_INFINITY;
  const labelled = ticks.map(({offset, since}) => {
    const x = xOf(offset);
    const hidden =
      x < free ||
      x > width - 40 * unit ||
      folds.some((fold) => x + 60 * unit > fold.x && x < fold.x + fold.size);
    if (!hidden) free = x + 78 * unit;
    return {x, text: hidden ? '' : sinceText(since)};
  });
  return (
    <div class="axis" aria-hidden="true">
      <div class="axis-name dim">time</div>
      <svg class="axis-ticks" width={width} height={Math.round(22 * unit)}>
        {labelled.map(({x, text}) => (
          <g key={x}>
            <line x1={x} y1={text === '' ? 16 * unit : 8 * unit} x2={x} y2={22 * unit} />
            <text x={x + 4} y={13 * unit}>
              {text}
            </text>
          </g>
        ))}
        {folds.map(({x, size, skipped}) => (
          <text key={x} class="fold-text" x={x + size / 2} y={13 * unit} text-anchor="middle">
            ⋯ {spanText(skipped)} ⋯
          </text>
        ))}
      </svg>
    </div>
  );
};
