/** The list for terminals: an entry for each stage with its tasks below, drawn by listr2 and driven by events. */

import {seconds} from '../duration.ts';
import type {RunEvent} from '../graph/events.ts';
import type {TaskFailure} from '../graph/failure.ts';
import type {TaskId} from '../graph/task.ts';
import {unreachable} from '../graph/unreachable.ts';
import {type Board, openBoard} from './board.ts';
import {failureLine, failureText} from './failure-text.ts';
import {change, type Row, type RowState, rowsOf, showProgress} from './rows.ts';
import {byStage} from './stages.ts';
import {lineWriter, paletteOf, plainText, type Terminal} from './stream.ts';
import type {View} from './view.ts';

/** Milliseconds between two looks at the clock and at the tasks' last lines. */
const tick = 200;

export const listView = (terminal: Terminal): View => {
  const paint = paletteOf(terminal);
  const failures: TaskFailure[] = [];
  let board: Board | undefined;
  let rows: ReadonlyMap<TaskId, Row> = new Map();
  const ticker = setInterval(() => {
    for (const row of rows.values()) if (row.state === 'running') showProgress(row, paint);
  }, tick);

  const set = (id: TaskId, state: RowState, note?: string): void => {
    const row = rows.get(id);
    if (row) change(row, state, {paint, ...(note !== undefined && {note})});
  };

  const emit = (event: RunEvent): void => {
    switch (event.type) {
      case 'planned':
        board = openBoard(terminal, byStage(event.tasks));
        rows = rowsOf(board.sections);
        return;
      case 'started':
        return set(event.task, 'running');
      case 'output': {
        const row = rows.get(event.task);
        if (row) row.lastLine = plainText(event.line);
        return;
      }
      case 'skipped':
        return set(event.task, 'skipped', paint.dim(event.reason));
      case 'done':
        return set(event.task, 'done', paint.dim(seconds(event.ms)));
      case 'failed':
        failures.push(event);
        return event.failure.reason === 'dependency'
          ? set(event.task, 'not started', paint.dim(failureLine(event)))
          : set(event.task, 'failed', paint.red(failureLine(event)));
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
      const write = lineWriter(terminal);
      for (const failure of failures.splice(0)) {
        const title = rows.get(failure.task)?.title ?? failure.task;
        for (const line of failureText(failure, title, paint)) write(line);
      }
    },
  };
};
