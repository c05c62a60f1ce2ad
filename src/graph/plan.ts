/** Validates and sorts a list of tasks before anything runs. Has no side effects. */

import type {Task, TaskId} from './task.ts';
import {unreachable} from './unreachable.ts';

/** The tasks by id, in an order in which every task comes after its needs, otherwise as listed. */
export interface Plan<Context> {
  readonly tasks: ReadonlyMap<TaskId, Task<Context>>;
}

export type PlanFailure =
  | {readonly kind: 'duplicate-id'; readonly task: TaskId}
  | {readonly kind: 'unknown-need'; readonly task: TaskId; readonly need: TaskId}
  /** `path` starts and ends with the same task; each needs the next. */
  | {readonly kind: 'cycle'; readonly path: readonly TaskId[]};

export type PlanResult<Context> =
  | {readonly ok: true; readonly plan: Plan<Context>}
  | {readonly ok: false; readonly failure: PlanFailure};

export const planTasks = <Context>(tasks: readonly Task<Context>[]): PlanResult<Context> => {
  const byId = new Map<TaskId, Task<Context>>();
  for (const task of tasks) {
    if (byId.has(task.id)) return {ok: false, failure: {kind: 'duplicate-id', task: task.id}};
    byId.set(task.id, task);
  }
  for (const {id, needs} of tasks) {
    const need = needs.find((other) => !byId.has(other));
    if (need !== undefined) return {ok: false, failure: {kind: 'unknown-need', task: id, need}};
  }
  const sorted = needsFirst(byId);
  return sorted.cycle === undefined
    ? {ok: true, plan: {tasks: sorted.tasks}}
    : {ok: false, failure: {kind: 'cycle', path: sorted.cycle}};
};

type SortResult<Context> =
  | {readonly cycle?: undefined; readonly tasks: ReadonlyMap<TaskId, Task<Context>>}
  | {readonly cycle: readonly TaskId[]};

/** Sorts depth first, so that the plan differs from the listed order only where needs require it. */
const needsFirst = <Context>(byId: ReadonlyMap<TaskId, Task<Context>>): SortResult<Context> => {
  const tasks = new Map<TaskId, Task<Context>>();
  const path: TaskId[] = [];
  const visit = (id: TaskId): readonly TaskId[] | undefined => {
    const task = byId.get(id);
    if (task === undefined || tasks.has(id)) return undefined;
    if (path.includes(id)) return [...path.slice(path.indexOf(id)), id];
    path.push(id);
    for (const need of task.needs) {
      const cycle = visit(need);
      if (cycle) return cycle;
    }
    path.pop();
    tasks.set(id, task);
    return undefined;
  };
  for (const id of byId.keys()) {
    const cycle = visit(id);
    if (cycle) return {cycle};
  }
  return {tasks};
};

/** One line. */
export const describePlanFailure = (failure: PlanFailure): string => {
  switch (failure.kind) {
    case 'duplicate-id':
      return `two tasks are called ${failure.task}`;
    case 'unknown-need':
      return `${failure.task} needs ${failure.need}, which does not exist`;
    case 'cycle':
      return `dependency cycle: ${failure.path.join(' → ')}`;
    default:
      return unreachable(failure);
  }
};
