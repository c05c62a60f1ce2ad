/** The tasks on a board: what is known of each, and how that makes the state of its stage. */

import type {ChalkInstance} from 'chalk';
import {seconds} from '../duration.ts';
import type {TaskId} from '../graph/task.ts';
import type {Entry, EntryState, Section} from './board.ts';

/** What the board can show, and what it shows like skipped or not at all. */
export type RowState = EntryState | 'waiting' | 'not started';

export interface Row {
  readonly title: string;
  readonly entry: Entry;
  readonly stage: StageRow;
  state: RowState;
  /** By `performance.now`. */
  startedAt: number;
  lastLine?: string;
}

interface StageRow {
  readonly title: string;
  readonly entry: Entry;
  readonly rows: Row[];
}

export const rowsOf = (sections: readonly Section[]): ReadonlyMap<TaskId, Row> => {
  const rows = new Map<TaskId, Row>();
  for (const section of sections) {
    const stage: StageRow = {title: section.stage.title, entry: section.entry, rows: []};
    for (const {task, entry} of section.rows) {
      const row: Row = {title: task.title, entry, stage, state: 'waiting', startedAt: 0};
      stage.rows.push(row);
      rows.set(task.id, row);
    }
  }
  return rows;
};

/** `note` stands behind the title. */
export const change = (
  row: Row,
  state: RowState,
  {note = '', paint}: {note?: string; paint: ChalkInstance},
): void => {
  const {entry, stage} = row;
  if (state === 'running') row.startedAt = performance.now();
  row.state = state;
  entry.write(note === '' ? row.title : `${row.title} ${note}`);
  entry.mark(markOf(state));

  const whole = stateOf(stage.rows);
  if (whole === 'waiting') return;
  if (whole === 'skipped') stage.entry.write(`${stage.title} ${paint.dim('is there')}`);
  if (whole === 'not started') stage.entry.write(`${stage.title} ${paint.dim('was not started')}`);
  stage.entry.mark(markOf(whole));
};

/** The time so far, and the last line of output. */
export const showProgress = (row: Row, paint: ChalkInstance): void => {
  const wholeSeconds = Math.floor((performance.now() - row.startedAt) / 1_000);
  row.entry.write(`${row.title} ${paint.dim(seconds(wholeSeconds * 1_000))}`);
  if (row.lastLine !== undefined) row.entry.output(row.lastLine);
};

const markOf = (state: RowState): EntryState => {
  if (state === 'not started') return 'skipped';
  return state === 'waiting' ? 'running' : state;
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
