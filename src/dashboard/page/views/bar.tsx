/** One call, or one moment, in a lane. */

import {durationOf, inMs, type PlacedBar} from '../model/lanes.ts';
import type {Bar} from '../model/life.ts';
import {chosenBar} from '../store.ts';

interface Props {
  readonly placed: PlacedBar;
  /** Class of the lane. */
  readonly lane: string;
  readonly title: string;
  /** Time since the beginning of the life. */
  readonly since: string;
  /** Pixels. */
  readonly top: number;
  readonly height: number;
  readonly isChosen: boolean;
  /** The arrow keys move from bar to bar; Tab must not stop at hundreds of them. */
  readonly isTabStop: boolean;
}

export const BarButton = ({placed, lane, title, since, top, height, isChosen, isTabStop}: Props) => {
  const {bar, left, width, labelled, text, tick} = placed;
  const name = nameOf(bar, title, since);
  return (
    <button
      type="button"
      class={classesOf(bar, lane, labelled)}
      data-start={bar.start}
      data-lane={bar.lane}
      aria-label={name}
      aria-pressed={isChosen}
      tabIndex={isTabStop ? 0 : -1}
      title={name}
      style={{left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px`}}
      onClick={() => {
        chosenBar.value = isChosen ? undefined : bar.id;
      }}
    >
      {tick !== undefined && <span class="bar-tick" style={{left: `${tick}px`}} />}
      {labelled !== 'none' && (
        <span
          class="bar-label"
          aria-hidden="true"
          style={
            labelled === 'inside' && tick !== undefined && tick < width / 2
              ? {left: `${tick + 3}px`}
              : undefined
          }
        >
          {text}
        </span>
      )}
    </button>
  );
};

const classesOf = ({shape, isFailed, isRollback, end}: Bar, lane: string, labelled: string): string =>
  [
    'bar',
    lane,
    `bar-${shape}`,
    `label-${labelled}`,
    ...(isFailed ? ['bar-failed'] : []),
    ...(isRollback ? ['bar-rollback'] : []),
    ...(end === undefined ? ['bar-running'] : []),
  ].join(' ');

/** `KNI runtime: AttachInterface, 27 ms, failed, at +310 ms`: begins with the visible label. */
const nameOf = (bar: Bar, lane: string, since: string): string => {
  const {isFailed, isRollback, end, shape, label} = bar;
  const duration = durationOf(bar);
  return [
    `${lane}: ${label}`,
    ...(duration === undefined ? [] : [inMs(duration)]),
    ...(isFailed ? ['failed'] : []),
    ...(end === undefined ? ['running'] : []),
    ...(isRollback ? ['rollback'] : []),
    ...(shape === 'second' ? ['known to the second'] : []),
    `at +${since}`,
  ].join(', ');
};
