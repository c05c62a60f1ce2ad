/** Prints plain lines, for CI, files and `--quiet`. */

import {seconds} from '../duration.ts';
import type {RunEvent} from '../graph/events.ts';
import type {TaskFailure} from '../graph/failure.ts';
import type {TaskId} from '../graph/task.ts';
import {unreachable} from '../graph/unreachable.ts';
import {failureLine, failureText} from './failure-text.ts';
import {byStage} from './stages.ts';
import {lineWriter, type OutputStream, paletteOf, plainText} from './stream.ts';
import type {View} from './view.ts';

export interface LinesOptions {
  /** Stages that are named even if they have nothing to do. */
  readonly stages?: readonly string[] | undefined;
  /** Print each line of a tool's output. Default: only the last ones, if its task fails. */
  readonly verbose?: boolean | undefined;
}

/** One line per change, such as `[build/kubelet] started`. */
export const linesView = (stream: OutputStream, {stages = [], verbose = false}: LinesOptions = {}): View => {
  const write = lineWriter(stream);
  const paint = paletteOf(stream);
  const titles = new Map<TaskId, string>();
  const failures: TaskFailure[] = [];
  const say = (task: TaskId, text: string): void => write(`${paint.dim(`[${task}]`)} ${text}`);

  const emit = (event: RunEvent): void => {
    switch (event.kind) {
      case 'planned':
        for (const {id, title} of event.tasks) titles.set(id, title);
        for (const {title, tasks} of byStage(event.tasks, stages))
          if (tasks.length === 0) say(title, paint.dim('skipped: nothing to do'));
        return;
      case 'started':
        return say(event.task, 'started');
      case 'output':
        if (verbose) say(event.task, `│ ${plainText(event.line)}`);
        return;
      case 'skipped':
        return say(event.task, paint.dim(`skipped: ${event.reason}`));
      case 'done':
        return say(event.task, paint.green(`done in ${seconds(event.ms)}`));
      case 'failed':
        failures.push(event);
        return say(event.task, paint.red(failureLine(event)));
      default:
        return unreachable(event);
    }
  };

  return {
    emit,
    async close() {
      for (const failure of failures.splice(0)) {
        for (const line of failureText(failure, titles.get(failure.task) ?? failure.task, paint)) write(line);
      }
    },
  };
};
