/** Draws the life of one pod: a row for each event, and from left to right a column for each program. */

import type {ChalkInstance} from 'chalk';
import {type ClusterEvent, microsecondsOf} from '../cluster/events/event.ts';
import {oneLine} from '../view/table.ts';
import {paintEvent, wordsOf} from './event-text.ts';

const columns = ['kubelet', 'runtime', 'plugins', 'containerd', 'pod'] as const;
type Column = (typeof columns)[number];

/** Characters before the first column: the offset in milliseconds. */
const margin = 9;
const usualWidth = 80;
/** In narrower terminals the names of the columns would touch. */
export const leastWidth = margin + columns.length * ('containerd'.length + 1);

export interface PodLifeText {
  /** The names of the columns. */
  readonly header: string;
  /** One or two lines: an error has its own. */
  readonly rows: (event: ClusterEvent) => readonly string[];
}

export const podLifeText = (paint: ChalkInstance, terminalWidth: number = usualWidth): PodLifeText => {
  const width = Math.max(leastWidth, Math.min(terminalWidth, 120));
  const step = Math.floor((width - margin) / columns.length);
  let begun: number | undefined;
  const offsetOf = ({time}: ClusterEvent): string => {
    const at = microsecondsOf(time);
    begun ??= at;
    return `+${Math.round((at - begun) / 1000)}`.padStart(margin - 2);
  };
  return {
    header: paint.dim(
      `${'ms'.padStart(margin - 2)}  ${columns.map((name) => name.padEnd(step)).join('')}`.trimEnd(),
    ),
    rows: (event) => {
      const {error} = event;
      const column = columnOf(event);
      const offset = paint.dim(offsetOf(event));
      const text = textOf(event);
      const position = column === undefined ? 0 : columns.indexOf(column);
      const shown = text.slice(0, width - margin - position * step);
      const before = `│${' '.repeat(step - 1)}`.repeat(position);
      const covered = position + Math.ceil((shown.length + 1) / step);
      const after = `│${' '.repeat(step - 1)}`.repeat(Math.max(0, columns.length - covered)).trimEnd();
      const gap = after === '' ? '' : ' '.repeat((covered - position) * step - shown.length);
      return [
        `${offset}  ${paint.dim(before)}${paintEvent(event, paint)(shown)}${gap}${paint.dim(after)}`,
        ...(error === undefined
          ? []
          : [paint.red(`${' '.repeat(margin)}${oneLine(error)}`.slice(0, 2 * width))]),
      ];
    },
  };
};

/** The kubelet makes the calls, so it is the column of their beginning. */
const columnOf = ({source, kind}: ClusterEvent): Column | undefined => {
  if (source === 'kubelet' || kind === 'rpc-began') return 'kubelet';
  if (kind.startsWith('plugin-')) return 'plugins';
  if (source === 'runtime' || source === 'containerd') return source;
  return source === 'api' ? 'pod' : undefined;
};

const textOf = (event: ClusterEvent): string => {
  const {kind, rpc, ms = 0, status, error} = event;
  if (kind === 'rpc-began') return `${rpc} →`;
  return kind === 'rpc-ended'
    ? `← ${error === undefined ? 'ok' : status} ${Math.round(ms)} ms`
    : wordsOf(event);
};
