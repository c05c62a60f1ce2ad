/** Small tasks, and runs of them told as lines. */

import {join} from 'node:path';
import type {RunEvent} from '../../src/graph/events.ts';
import {describeFailure} from '../../src/graph/failure.ts';
import {type Plan, planTasks} from '../../src/graph/plan.ts';
import {type RunResult, type RunTasksOptions, runTasks} from '../../src/graph/run.ts';
import type {Task} from '../../src/graph/task.ts';
import {unreachable} from '../../src/graph/unreachable.ts';
import {tempDir} from '../rig/temp-dir.ts';

/** Tasks of tests have no context. */
export type TestTask = Task<undefined>;

export const task = (id: string, needs: readonly string[] = [], rest: Partial<TestTask> = {}): TestTask => ({
  id,
  title: `Make ${id}`,
  needs,
  run: async () => {},
  ...rest,
});

export const failing = (message = 'boom'): Partial<TestTask> => ({
  run: () => Promise.reject(new Error(message)),
});

export const planOf = (tasks: readonly TestTask[]): Plan<undefined> => {
  const result = planTasks(tasks);
  if (!result.ok) throw new Error('expected a plan', {cause: result.failure});
  return result.plan;
};

export interface Told {
  readonly result: RunResult;
  readonly events: readonly RunEvent[];
  /** `started a`, `done a`, `skipped a: there`, `failed a: boom`, `a says line` */
  readonly lines: readonly string[];
}

/** Runs towards the last task, one at a time, unless told otherwise. */
export const tell = async (
  tasks: readonly TestTask[],
  options: Partial<RunTasksOptions<undefined>> = {},
): Promise<Told> => {
  await using dir = await tempDir();
  const events: RunEvent[] = [];
  const result = await runTasks(planOf(tasks), {
    context: undefined,
    targets: tasks.slice(-1).map(({id}) => id),
    concurrency: 1,
    signal: new AbortController().signal,
    logs: (id) => join(dir.path, `${id}.log`),
    ...options,
    emit(event) {
      events.push(event);
      options.emit?.(event);
    },
  });
  return {result, events, lines: events.map(lineOf)};
};

const lineOf = (event: RunEvent): string => {
  switch (event.kind) {
    case 'planned':
      return `planned ${event.tasks.map(({id}) => id).join(' ')}`;
    case 'started':
      return `started ${event.task}`;
    case 'output':
      return `${event.task} says ${event.line}`;
    case 'skipped':
      return `skipped ${event.task}: ${event.reason}`;
    case 'done':
      return `done ${event.task}`;
    case 'failed':
      return `failed ${event.task}: ${describeFailure(event.failure)}`;
    default:
      return unreachable(event);
  }
};

/** A promise that is settled from outside. */
export const gate = () => {
  let open = (): void => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {passed, open: () => open()};
};
