/** The list for terminals: an entry for each stage with its tasks below, drawn by listr2 and driven by events. */

import {seconds} from '../duration.ts';
import type {RunEvent} from '../graph/events.ts';
import type {TaskFailure} from '../graph/failure.ts';
import type {TaskId} from '../graph/task.ts';
import {unreachable} from '../graph/unreachable.ts';
import {type Board, type Entry, type EntryState, openBoard} from './board.ts';
import {failureLine, failureText} from './failure-text.ts';
import {byStage, type Stage} from './stages.ts';
import {lineWriter, paletteOf, plainText, type Terminal} from './stream.ts';
import type {View} from './view.ts';

/** Milliseconds between two looks at the clock and at the tasks' last lines. */
const tick = 200;

/** What the board shows, and two kinds of not running that it shows alike. */
type RowState = EntryState | 'waiting' | 'not started';

/** A task on the board. */
interface Row {
  readonly title: string;
  readonly entry: Entry;
  readonly stage: StageRow;
  state: RowState;
  startedAt: number;
  lastLine?: string;
}

interface StageRow {
  readonly title: string;
  readonly entry: Entry;
  readonly rows: Row[];
}

export const listView = (stream: Terminal): View => {
  const paint = paletteOf(stream);
  const rows = new Map<TaskId, Row>();
  const failures: TaskFailure[] = [];
  let board: Board | undefined;
  let ticker: NodeJS.Timeout | undefined;

  const open = (stages: readonly Stage[]): void => {
    board = openBoard(stream, stages);
    for (const section of board.sections) {
      const stage: StageRow = {entry: section.entry, title: section.stage.title, rows: []};
      for (const {task, entry} of section.rows) {
        const row: Row = {title: task.title, entry, stage, state: 'waiting', startedAt: 0};
        stage.rows.push(row);
        rows.set(task.id, row);
      }
    }
    ticker = setInterval(() => {
      for (const row of rows.values()) if (row.state === 'running') showProgress(row);
    }, tick);
  };

  const showProgress = (row: Row): void => {
    row.entry.write(
      `${row.title} ${paint.dim(seconds(Math.floor((performance.now() - row.startedAt) / 1_000) * 1_000))}`,
    );
    if (row.lastLine !== undefined) row.entry.output(row.lastLine);
    delete row.lastLine;
  };

  const change = (id: TaskId, state: RowState, note = ''): void => {
    const row = rows.get(id);
    if (row === undefined) return;
    const {entry, stage} = row;
    row.state = state;
    entry.write(note === '' ? row.title : `${row.title} ${note}`);
    entry.mark(markOf(state));
    const whole = stateOf(stage.rows);
    if (whole === 'waiting') return;
    if (whole === 'skipped') stage.entry.write(`${stage.title} ${paint.dim('is there')}`);
    if (whole === 'not started') stage.entry.write(`${stage.title} ${paint.dim('was not started')}`);
    stage.entry.mark(markOf(whole));
  };

  const emit = (event: RunEvent): void => {
    switch (event.type) {
      case 'planned':
        return open(byStage(event.tasks));
      case 'started': {
        const row = rows.get(event.task);
        if (row) row.startedAt = performance.now();
        return change(event.task, 'running');
      }
      case 'output': {
        const row = rows.get(event.task);
        if (row) row.lastLine = plainText(event.line);
        return;
      }
      case 'skipped':
        return change(event.task, 'skipped', paint.dim(event.reason));
      case 'done':
        return change(event.task, 'done', paint.dim(seconds(event.ms)));
      case 'failed':
        failures.push(event);
        return event.failure.reason === 'dependency'
          ? change(event.task, 'not started', paint.dim(failureLine(event)))
          : change(event.task, 'failed', paint.red(failureLine(event)));
      default:
        return unreachable(event);
    }
  };

  return {
    emit,
    async close() {
      clearInterval(ticker);
      await board?.close();
      board = undefined;
      const write = lineWriter(stream);
      for (const failure of failures.splice(0)) {
        for (const line of failureText(failure, rows.get(failure.task)?.title ?? failure.task, paint))
          write(line);
      }
    },
  };
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
