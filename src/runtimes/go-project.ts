/** A network runtime in Go: a directory with a main package, which is compiled in a container from local packages. */

import {randomBytes} from 'node:crypto';
import {chmod, copyFile, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import type {DemoContext} from '../stages/context.ts';
import {caller, goRuntimeCache, runStep} from '../stages/lib/container.ts';
import {inScratch} from '../stages/lib/scratch.ts';
import {errorCodeOf, messageOf} from '../thrown.ts';

export interface GoProject {
  readonly kind: 'go';
  /** Absolute. */
  readonly directory: string;
  /** The import path of the directory. */
  readonly module: string;
}

/** One of these files makes a directory a project. */
export const goEntries = ['go.mod', 'main.go'] as const;

/** For a directory without go.mod. */
const unnamed = 'kni-runtime';

/** In the arguments of docker, a colon separates the parts of a mount. */
export const isMountable = (directory: string): boolean => !directory.includes(':');
export const unmountable =
  'docker cannot mount a directory whose path has a colon, so Go cannot compile it there';

/** `directory` is absolute. Throws UserError if its go.mod is unreadable or names no module, or docker cannot mount the directory. */
export const readGoProject = async (directory: string): Promise<GoProject> => {
  if (!isMountable(directory))
    throw new UserError({
      what: `cannot use ${directory} as a network runtime`,
      why: unmountable,
      tryThis: 'move or rename the directory',
      code: 'KNI-E221',
    });
  const text = await readFile(join(directory, 'go.mod'), 'utf8').catch((error: unknown) => {
    if (errorCodeOf(error) === 'ENOENT') return `module ${unnamed}`;
    throw new UserError(
      {
        what: `cannot use ${directory} as a network runtime`,
        why: `cannot read its go.mod: ${messageOf(error)}`,
        tryThis: 'make it a readable file, or remove it',
        code: 'KNI-E221',
      },
      {cause: error},
    );
  });
  const module = /^module[ \t]+"?([\w.~-]+(?:\/[\w.~-]+)*)"?[ \t]*(?:\/\/.*)?$/m.exec(text)?.[1];
  if (module === undefined || module.split('/').some((part) => /^\.+$/.test(part)))
    throw new UserError({
      what: `cannot use ${directory} as a network runtime`,
      why: 'its go.mod names no module',
      tryThis: 'begin it with a line such as: module example.com/kni-runtime',
      code: 'KNI-E221',
    });
  return {kind: 'go', directory, module};
};

/**
 * Writes a static executable to `outfile`. Rejects with UserError, which has `file:line:column` of each problem, if the project does
 * not compile.
 */
export type GoCompiler = (project: GoProject, outfile: string, signal: AbortSignal) => Promise<void>;

/** The place of the project in the GOPATH. */
const inContainer = (module: string): string => `/go/src/${module}`;

/** `image` has Go and the libraries. */
export const goCompiler =
  (image: string, context: Pick<DemoContext, 'host' | 'dirs'>): GoCompiler =>
  async (project, outfile, signal) => {
    const fingerprint = randomBytes(8).toString('hex');
    await inScratch(context.dirs, 'go-runtime', fingerprint, async (out) => {
      const workdir = inContainer(project.module);
      const mounts = [{from: project.directory, to: workdir, readOnly: true}, goRuntimeCache(context)];
      const step = {image, script: ['build-go-runtime.sh'], out, mounts, workdir, user: caller()} as const;
      await runStep(step, context, {fingerprint, signal, log: () => undefined}).catch(
        (error: unknown): never => {
          signal.throwIfAborted();
          throw goError(project, error);
        },
      );
      await copyFile(join(out, 'runtime'), outfile);
      await chmod(outfile, 0o755);
    });
  };

/** Exit codes of docker itself: the compiler has not run. */
const dockerFailed = 125;

/** `error` is what the script in the container failed with. */
export const goError = ({directory, module}: Omit<GoProject, 'kind'>, error: unknown): unknown => {
  if (!(error instanceof CommandError) || (error.exitStatus ?? dockerFailed) >= dockerFailed) return error;
  const problems = error.output
    .split('\n')
    // A header for each package, and the places that were searched for a missing one.
    .filter((line) => line.trim() !== '' && !/^# |^\t\//.test(line))
    .map((line) =>
      line
        .replace(/^\.\//, '')
        .replace(/ in any of:$/, '')
        .replaceAll(inContainer(module), directory),
    );
  return new UserError(
    {
      what: `cannot compile ${directory}`,
      why: problems.join('\n'),
      tryThis: adviceFor(problems, module),
      code: 'KNI-E222',
    },
    {cause: error},
  );
};

const adviceFor = (problems: readonly string[], module: string): string => {
  const has = (pattern: RegExp): boolean => problems.some((line) => pattern.test(line));
  if (has(/signal: killed|cannot allocate memory|no space left on device/))
    return 'free memory or disk space, and run the same command again';
  return has(/cannot find package/)
    ? 'copy the packages into the project (go mod vendor), or compile it yourself and give the executable\n' +
        `begin the imports of your own packages with the module of the project: ${module}`
    : 'correct the file and run the same command again';
};
