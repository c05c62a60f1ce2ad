/** Lines between the lanes: from the caller of each call to the program that it calls. Decoration: the bars have names. */

import type {PlacedBar, PlacedLane} from '../model/lanes.ts';
import type {Lane} from '../model/life.ts';

export interface LaneBox {
  readonly lane: Lane;
  /** Pixels. */
  readonly top: number;
  readonly height: number;
  readonly padding: number;
}

interface Props {
  readonly boxes: readonly LaneBox[];
  readonly placed: readonly PlacedLane[];
  readonly width: number;
  readonly height: number;
}

/** The kubelet calls the runtime and containerd; the runtime calls plugins. */
const callerOf = (lane: Lane): Lane | undefined => {
  if (lane === 'runtime' || lane === 'containerd') return 'kubelet';
  return lane.startsWith('plugin ') ? 'runtime' : undefined;
};

export const Calls = ({boxes, placed, width, height}: Props) => (
  <svg class="calls" aria-hidden="true" width={width} height={height}>
    {placed.flatMap(({lane, bars}) => {
      const from = boxes.find((box) => box.lane === callerOf(lane));
      const to = boxes.find((box) => box.lane === lane);
      if (from === undefined || to === undefined) return [];
      return bars
        .filter(({bar}) => bar.shape === 'span')
        .map((each) => <Call key={each.bar.id} {...{each, from, to}} />);
    })}
  </svg>
);

const Call = ({each, from, to}: {readonly each: PlacedBar; readonly from: LaneBox; readonly to: LaneBox}) => {
  const {bar, left, width} = each;
  const isDown = to.top > from.top;
  // The caller waits: a thin bar at the edge of its lane that faces the called program.
  const edge = isDown ? from.top + from.height - 5 : from.top + 2;
  const end = isDown ? to.top + to.padding : to.top + to.height - to.padding;
  const state = bar.isFailed ? 'call call-failed' : 'call';
  const isWaiting = from.lane === 'kubelet';
  return (
    <g class={state}>
      {isWaiting && (
        <rect class="call-wait" x={left} y={edge} width={Math.max(width, 2)} height="3" rx="1.5" />
      )}
      <line x1={left + 0.5} y1={isDown ? edge : end} x2={left + 0.5} y2={isDown ? end : edge} />
      {width > 6 && (
        <line
          class="call-back"
          x1={left + width - 0.5}
          y1={isDown ? edge : end}
          x2={left + width - 0.5}
          y2={isDown ? end : edge}
        />
      )}
    </g>
  );
};
