/** Builds a project again after each change of one of its files. */

import {EventEmitter, once} from 'node:events';
import {type FSWatcher, watch} from 'node:fs';
import {stat} from 'node:fs/promises';
import {setTimeout as sleep} from 'node:timers/promises';
import {UserError} from '../errors.ts';
import {errorCodeOf, messageOf} from '../thrown.ts';
import type {BuildOptions} from './build.ts';
import {type BuildResult, builderOf} from './builder.ts';
import type {Project} from './project.ts';

/** `changedAt` is the time of the first change, as performance.now() has it. */
export type Build = BuildResult['outcome'] & {readonly changedAt: number};

/** Milliseconds after a change: editors write a file in several steps. */
const settleTime = 20;
/** Milliseconds for an editor that has emptied the entry file to write it. */
const emptyTime = 1_000;
/** Milliseconds after which a directory that disappeared is looked for again. */
const retryTime = 500;

/**
 * Yields the first build at once, and another one after changes. Leaves out builds that are equal to the one before. Ends when the
 * signal aborts.
 */
export async function* buildsOf(project: Project, options: BuildOptions): AsyncGenerator<Build, void> {
  const {signal} = options;
  const builder = await builderOf(project, options);
  const files = watchFiles();
  let last: BuildResult['outcome'] | undefined;
  try {
    let changedAt = performance.now();
    while (!signal.aborted) {
      files.rearm();
      files.watch(await builder.directories());
      const {outcome, directories} = await builder.build();
      files.watch(directories);
      if (last === undefined || !isSame(outcome, last)) yield {...outcome, changedAt};
      last = outcome;
      changedAt = await files.changed(signal);
      await settled(project, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    files.close();
    await builder.dispose();
  }
}

const isSame = (one: BuildResult['outcome'], other: BuildResult['outcome']): boolean =>
  one.kind === 'built'
    ? other.kind === 'built' && one.program.equals(other.program)
    : other.kind === 'failed' && one.error.why === other.error.why;

/** An empty `runtime.ts` compiles, and its program would end at once: it is a save in progress. */
const settled = async (project: Project, signal: AbortSignal): Promise<void> => {
  const isEmpty = async (): Promise<boolean> =>
    project.kind === 'typescript' && (await stat(project.entry).catch(() => undefined))?.size === 0;
  const deadline = performance.now() + emptyTime;
  do await sleep(settleTime, undefined, {signal}).catch(() => undefined);
  while (!signal.aborted && performance.now() < deadline && (await isEmpty()));
};

/** Watches directories rather than files, because most editors replace a file that they save. */
const watchFiles = () => {
  const watchers = new Map<string, FSWatcher>();
  let changedAt: number | undefined;
  const changes = new EventEmitter();
  const notice = (): void => {
    changedAt ??= performance.now();
    changes.emit('change');
  };
  const add = (directory: string): void => {
    try {
      const watcher = watch(directory, notice);
      // A watcher of a directory that was replaced is silent: the next build looks for the directory again.
      watcher.on('error', () => forget(directory));
      watcher.on('change', (kind, name) => {
        if (kind === 'rename' && name === directory.split('/').at(-1)) forget(directory);
      });
      watchers.set(directory, watcher);
    } catch (error) {
      if (errorCodeOf(error) === 'ENOENT') setTimeout(notice, retryTime).unref();
      else throw unwatchable(directory, error);
    }
  };
  const forget = (directory: string): void => {
    watchers.get(directory)?.close();
    watchers.delete(directory);
    notice();
  };
  return {
    /** Changes from now on count. */
    rearm(): void {
      changedAt = undefined;
    },
    /** Also watches these. Directories that an earlier build needed stay watched. */
    watch(directories: readonly string[]): void {
      for (const directory of new Set(directories)) if (!watchers.has(directory)) add(directory);
    },
    /** Resolves with the time of the first change, or when the signal aborts. */
    async changed(signal: AbortSignal): Promise<number> {
      if (changedAt === undefined) await once(changes, 'change', {signal}).catch(() => undefined);
      return changedAt ?? performance.now();
    },
    close(): void {
      for (const watcher of watchers.values()) watcher.close();
    },
  };
};

const unwatchable = (directory: string, error: unknown): UserError =>
  new UserError(
    {
      what: `cannot watch ${directory}`,
      why: messageOf(error),
      tryThis:
        'raise the limits: sysctl -w fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=100000',
      code: 'KNI-E114',
    },
    {cause: error},
  );
