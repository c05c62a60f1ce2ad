/** The list for terminals: a line for each stage, with its tasks below. It is redrawn while tasks run. */

import {Writable} from 'node:stream';
import {createLogUpdate} from 'log-update';
import {seconds} from '../duration.ts';
import type {PlannedTask, RunEvent} from '../graph/events.ts';
import type {TaskFailure} from '../graph/failure.ts';
import type {TaskId} from '../graph/task.ts';
import {unreachable} from '../graph/unreachable.ts';
import {failureLine, failureText} from './failure-text.ts';
import {frameOf, type Row, type StageRows} from './frame.ts';
import {byStage, type Stage} from './stages.ts';
import {lineWriter, paletteOf, plainText, type Terminal} from './stream.ts';
import type {View} from './view.ts';

/** Milliseconds from one frame to the next. */
const frameTime = 100;

const [hideCursor, showCursor] = ['\u001b[?25l', '\u001b[?25h'];

export const listView = (terminal: Terminal, allStages: readonly string[] = []): View => {
  const paint = paletteOf(terminal);
  const write = lineWriter(terminal);
  const draw = createLogUpdate(canvasOf(terminal), {showCursor: true});
  const giveBack = (): void => void terminal.write(showCursor);
  const failures: TaskFailure[] = [];
  const rows = new Map<TaskId, Row>();
  let stages: readonly Stage[] = [];
  let ticker: NodeJS.Timeout | undefined;

  const frame = (): readonly string[] => {
    const shown = stages.map(
      ({title, tasks}): StageRows => ({title, rows: tasks.flatMap(({id}) => rows.get(id) ?? [])}),
    );
    return frameOf(shown, {paint, now: performance.now(), width: terminal.columns});
  };
  const open = (tasks: readonly PlannedTask[]): void => {
    stages = byStage(tasks, allStages);
    for (const {id, title} of tasks) rows.set(id, {title, state: 'waiting'});
    terminal.write(hideCursor);
    process.once('exit', giveBack);
    ticker = setInterval(() => draw(lastLines(frame(), terminal.rows - 1).join('\n')), frameTime);
  };
  const change = (id: TaskId, changed: Partial<Row>): void => {
    const row = rows.get(id);
    if (row) rows.set(id, {...row, ...changed});
  };

  const emit = (event: RunEvent): void => {
    switch (event.kind) {
      case 'planned':
        return open(event.tasks);
      case 'started':
        return change(event.task, {state: 'running', startedAt: performance.now()});
      case 'output':
        return change(event.task, {lastLine: plainText(event.line)});
      case 'skipped':
        return change(event.task, {state: 'skipped', note: paint.dim(event.reason)});
      case 'done':
        return change(event.task, {state: 'done', note: paint.dim(seconds(event.ms))});
      case 'failed':
        failures.push(event);
        return event.failure.kind === 'dependency'
          ? change(event.task, {state: 'not started', note: paint.dim(failureLine(event))})
          : change(event.task, {state: 'failed', note: paint.red(failureLine(event))});
      default:
        return unreachable(event);
    }
  };

  return {
    emit,
    async close() {
      if (ticker === undefined) return;
      clearInterval(ticker);
      ticker = undefined;
      process.off('exit', giveBack);
      // A frame is cut to the height of the terminal. The last one stays, so it is written in full.
      draw.clear();
      for (const line of frame()) write(line);
      giveBack();
      for (const failure of failures.splice(0)) {
        const title = rows.get(failure.task)?.title ?? failure.task;
        for (const line of failureText(failure, title, paint)) write(line);
      }
    },
  };
};

/**
 * log-update takes some marks for two columns wide, and then wraps lines that fit: an erased frame would leave lines behind.
 * The lines are cut already, so it gets a stream with more columns.
 */
const canvasOf = (terminal: Terminal): NodeJS.WritableStream => {
  const canvas = new Writable({
    decodeStrings: false,
    write(chunk: string, _, done) {
      terminal.write(chunk);
      done();
    },
  });
  return Object.defineProperties(canvas, {
    columns: {get: () => terminal.columns * 2},
    rows: {get: () => terminal.rows},
  });
};

const lastLines = (lines: readonly string[], count: number): readonly string[] =>
  lines.slice(Math.max(0, lines.length - count));
