/** The whole life as a small picture, with the part that the lanes show. Dragging chooses another part. */

import type {TargetedPointerEvent} from 'preact';
import {useRef} from 'preact/hooks';
import {classOf, intervalOf, lanesOf} from '../model/lanes.ts';
import type {Life} from '../model/life.ts';
import type {Scale, Window} from '../model/scale.ts';

interface Props {
  readonly life: Life;
  readonly scale: Scale;
  readonly window: Window;
  readonly now: number;
  readonly onChange: (window: Window) => void;
}

const units = 1_000;

export const Overview = ({life, scale, window, now, onChange}: Props) => {
  const drag = useRef<number | undefined>(undefined);
  const lanes = lanesOf(life);
  const xOf = (offset: number): number => (offset / scale.length) * units;
  const offsetAt = (event: TargetedPointerEvent<SVGSVGElement>): number => {
    const {left, width} = event.currentTarget.getBoundingClientRect();
    return Math.min(Math.max((event.clientX - left) / width, 0), 1) * scale.length;
  };
  return (
    <svg
      class="overview"
      aria-hidden="true"
      viewBox={`0 0 ${units} ${lanes.length * 4 + 2}`}
      preserveAspectRatio="none"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.current = offsetAt(event);
      }}
      onPointerMove={(event) => {
        if (drag.current === undefined) return;
        const at = offsetAt(event);
        const [start, end] = [Math.min(drag.current, at), Math.max(drag.current, at)];
        if (end - start > scale.length / 200) onChange({start, end});
      }}
      onPointerUp={() => {
        drag.current = undefined;
      }}
      onDblClick={() => onChange({start: 0, end: scale.length})}
    >
      {life.bars.map((bar) => {
        const {from, to} = intervalOf(bar, now);
        const x = xOf(scale.offsetOf(from));
        return (
          <rect
            key={bar.id}
            class={`overview-bar ${classOf(bar.lane)} ${bar.isFailed ? 'bar-failed' : ''}`}
            x={x}
            y={lanes.indexOf(bar.lane) * 4 + 1}
            width={Math.max(xOf(scale.offsetOf(to)) - x, 1.5)}
            height="3"
          />
        );
      })}
      <rect class="overview-shade" x="0" y="0" width={xOf(window.start)} height="100%" />
      <rect class="overview-shade" x={xOf(window.end)} y="0" width={units - xOf(window.end)} height="100%" />
    </svg>
  );
};
