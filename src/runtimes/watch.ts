/** Bundles a project again after each change of one of its files. */

import {EventEmitter, once} from 'node:events';
import {type FSWatcher, watch} from 'node:fs';
import {dirname, resolve} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {UserError} from '../errors.ts';
import {errorCodeOf, messageOf} from '../thrown.ts';
import {bundleOptions, compileError, isBuildFailure, type Project} from './project.ts';

export type Build =
  | {readonly kind: 'bundled'; readonly text: string; readonly changedAt: number}
  /** The message has file, line and column of each problem. */
  | {readonly kind: 'failed'; readonly error: UserError; readonly changedAt: number};

/** Milliseconds after a change: editors write a file in several steps. */
const settleTime = 20;
/** Milliseconds after which a directory that disappeared is looked for again. */
const retryTime = 500;

/**
 * Yields the first build at once, and another one after changes; `changedAt` is the time of the first of them, as performance.now()
 * has it. Leaves out builds that are equal to the one before. Ends when the signal aborts.
 */
export async function* buildsOf(project: Project, signal: AbortSignal): AsyncGenerator<Build, void> {
  const {context} = await import('esbuild');
  const builder = await context({...bundleOptions(project), metafile: true});
  const files = watchFiles();
  let last: string | undefined;
  try {
    let changedAt = performance.now();
    while (!signal.aborted) {
      files.rearm();
      const build = await builder.rebuild().then(
        ({outputFiles, metafile}): Build => {
          const inputs = Object.keys(metafile.inputs).map((path) => resolve(project.directory, path));
          files.watch([project.directory, ...inputs.map((path) => dirname(path))]);
          return {kind: 'bundled', text: outputFiles[0]?.text ?? '', changedAt};
        },
        (error: unknown): Build => {
          files.watch([project.directory, ...directoriesIn(project, error)]);
          return {kind: 'failed', error: compileError(project, error), changedAt};
        },
      );
      const shown = build.kind === 'bundled' ? build.text : build.error.why;
      if (shown !== last) yield build;
      last = shown;
      changedAt = await files.changed(signal);
      await sleep(settleTime, undefined, {signal}).catch(() => undefined);
    }
  } finally {
    files.close();
    await builder.dispose();
  }
}

/** The directories of the files with problems, and of files that are imported and missing. */
const directoriesIn = ({directory}: Project, error: unknown): readonly string[] =>
  !isBuildFailure(error)
    ? []
    : error.errors.flatMap(({text, location}) => {
        if (location === null) return [];
        const importer = dirname(resolve(directory, location.file));
        const [, missing] = /^Could not resolve "(\.[^"]*)"/.exec(text) ?? [];
        return missing === undefined ? [importer] : [importer, dirname(resolve(importer, missing))];
      });

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
