/** Explains the time of a run: its critical path, and the work that results of earlier runs saved. */

import {join} from 'node:path';
import {z} from 'zod';
import type {Dirs} from '../cache/dirs.ts';
import {readIfExists, replaceFile} from '../cache/files.ts';
import {readJson} from '../json.ts';

export interface TaskTime {
  readonly task: string;
  /** Milliseconds. */
  readonly ms: number;
}

/** Milliseconds by task, in the order in which the tasks ended. */
export type RanTasks = ReadonlyMap<string, number>;

interface Tasks {
  readonly tasks: ReadonlyMap<string, {readonly needs: readonly string[]}>;
}

/**
 * The chain of tasks that determined the end of the run, first task first: the task that ended last, the one of its needs
 * that ended last, and so on.
 */
export const criticalPath = ({tasks}: Tasks, ran: RanTasks): readonly TaskTime[] => {
  const ended = [...ran.keys()];
  const path: TaskTime[] = [];
  let last = ended.at(-1);
  while (last !== undefined) {
    path.unshift({task: last, ms: ran.get(last) ?? 0});
    const needs = allNeeds(tasks, last);
    last = ended.findLast((id) => needs.has(id));
  }
  return path;
};

/** Also those behind a need that did not run. */
const allNeeds = (tasks: Tasks['tasks'], task: string): ReadonlySet<string> => {
  const found = new Set<string>(tasks.get(task)?.needs);
  for (const id of found) for (const need of tasks.get(id)?.needs ?? []) found.add(need);
  return found;
};

/** By stack and task: the milliseconds that the task took when it ran last. */
const remembered = z.record(z.string(), z.record(z.string(), z.number()));

const fileIn = ({state}: Pick<Dirs, 'state'>): string => join(state, 'task-times.json');

/** A damaged file counts as empty: it is only a hint for people. */
const read = async (dirs: Pick<Dirs, 'state'>): Promise<z.infer<typeof remembered>> => {
  try {
    return readJson(remembered, (await readIfExists(fileIn(dirs))) ?? '{}', fileIn(dirs));
  } catch {
    return {};
  }
};

/** Keeps the times for the next run, if they can be written. Returns the last time of each task of the stack, this run included. */
export const rememberTimes = async (
  dirs: Pick<Dirs, 'state'>,
  stack: string,
  ran: RanTasks,
): Promise<Readonly<Record<string, number>>> => {
  const all = await read(dirs);
  const times = {...all[stack], ...Object.fromEntries(ran)};
  const text = `${JSON.stringify({...all, [stack]: times})}\n`;
  // A full disk must not fail a run that has succeeded.
  if (ran.size > 0) await replaceFile(fileIn(dirs), text).catch(() => undefined);
  return times;
};

/** The stages whose results stay in the cache. */
const cachedStages = ['init/', 'build/'];

/** The milliseconds of work for results that existed already, as far as their tasks have run on this machine. */
export const savedTime = ({tasks}: Tasks, ran: RanTasks, times: Readonly<Record<string, number>>): number =>
  [...tasks.keys()]
    .filter((id) => !ran.has(id) && cachedStages.some((stage) => id.startsWith(stage)))
    .reduce((sum, id) => sum + (times[id] ?? 0), 0);
