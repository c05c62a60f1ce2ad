/** Formats the list of stages and tasks at one moment as lines. */

import type {ChalkInstance} from 'chalk';
import cliTruncate from 'cli-truncate';
import {seconds} from '../duration.ts';

export type RowState = 'waiting' | 'running' | 'done' | 'skipped' | 'failed' | 'not started';

export interface Row {
  readonly title: string;
  readonly state: RowState;
  /** Shown behind the title. */
  readonly note?: string;
  /** By `performance.now`. */
  readonly startedAt?: number;
  /** The last line that a running task printed. */
  readonly lastLine?: string;
}

export interface StageRows {
  readonly title: string;
  readonly rows: readonly Row[];
}

export interface FrameOptions {
  readonly paint: ChalkInstance;
  /** By `performance.now`. */
  readonly now: number;
  /** Columns of the terminal. A line that wraps would count twice when it is erased. */
  readonly width: number;
}

export const frameOf = (
  stages: readonly StageRows[],
  {paint, now, width}: FrameOptions,
): readonly string[] => {
  const markOf = (state: RowState): string => marks(paint, now)[state];
  return stages
    .flatMap((stage) => {
      const state = stateOf(stage.rows);
      const note = stageNotes[state];
      const line = `${markOf(state)} ${stage.title}${note === undefined ? '' : ` ${paint.dim(note)}`}`;
      return isCollapsed(state)
        ? [line]
        : [line, ...stage.rows.flatMap((row) => rowLines(row, markOf, paint, now))];
    })
    .map((line) => cliTruncate(line, width));
};

const rowLines = (
  row: Row,
  markOf: (state: RowState) => string,
  paint: ChalkInstance,
  now: number,
): readonly string[] => {
  const note = row.state === 'running' ? paint.dim(elapsed(row, now)) : row.note;
  const line = `  ${markOf(row.state)} ${row.title}${note === undefined ? '' : ` ${note}`}`;
  return row.state === 'running' && row.lastLine !== undefined
    ? [line, paint.dim(`    › ${row.lastLine}`)]
    : [line];
};

/** In whole seconds, so that the line does not flicker. */
const elapsed = ({startedAt = 0}: Row, now: number): string =>
  seconds(Math.floor((now - startedAt) / 1_000) * 1_000);

const spinner = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';

const marks = (paint: ChalkInstance, now: number): Record<RowState, string> => ({
  waiting: paint.dim('◼'),
  running: paint.yellow(spinner[Math.floor(now / 100) % spinner.length]),
  done: paint.green('✔'),
  skipped: paint.yellow('↓'),
  failed: paint.red('✖'),
  'not started': paint.yellow('↓'),
});

/** A stage whose tasks have nothing to show takes one line. */
const isCollapsed = (state: RowState): boolean => Object.hasOwn(stageNotes, state) || state === 'waiting';

const stageNotes: Partial<Record<RowState, string>> = {
  skipped: 'nothing to do',
  'not started': 'not started',
};

/** A stage runs from its first task's start until its last task's end. */
const stateOf = (rows: readonly Row[]): RowState => {
  const some = (state: RowState): boolean => rows.some((row) => row.state === state);
  if (some('running')) return 'running';
  if (some('waiting')) return some('done') ? 'running' : 'waiting';
  if (some('failed')) return 'failed';
  if (some('not started')) return 'not started';
  return some('done') ? 'done' : 'skipped';
};
