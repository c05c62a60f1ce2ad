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
  let freeOfFolds = Number.NEGATIVE_INFINITY;
  const folds = scale.folds.map(({offset, length, skipped}) => {
    const [x, size] = [xOf(offset), length / perPixel];
    const text = `⋯ ${spanText(skipped)} ⋯`;
    const half = text.length * 3.5 * unit;
    const middle = x + size / 2;
    const isHidden = middle - half < freeOfFolds || middle + half < 0 || middle - half > width;
    if (!isHidden) freeOfFolds = middle + half + 4 * unit;
    return {x, text: isHidden ? '' : text, middle, from: middle - half, to: middle + half};
  });
  // Labels that would touch the one before, or the label of a fold, are left out.
  let free = Number.NEGATIVE_INFINITY;
  const labelled = ticks.map(({offset, since}) => {
    const x = xOf(offset);
    const text = sinceText(since);
    const end = x + (text.length * 6.5 + 8) * unit;
    const isHidden =
      x < free || end > width || folds.some((fold) => fold.text !== '' && end > fold.from && x < fold.to);
    if (!isHidden) free = end + 6 * unit;
    return {x, text: isHidden ? '' : text};
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
        {folds.map(({x, middle, text}) => (
          <text key={x} class="fold-text" x={middle} y={13 * unit} text-anchor="middle">
            {text}
          </text>
        ))}
      </svg>
    </div>
  );
};
