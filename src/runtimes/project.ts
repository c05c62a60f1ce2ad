/**
 * A network runtime of the user's own: a directory with `runtime.ts`, which is bundled, a directory with Go, or a file that is ready
 * to run. Imports of `kni-demo/sdk` become `.kni/sdk.js` of the directory, so a project in TypeScript needs no `npm install`.
 */

import {access, constants, stat, writeFile} from 'node:fs/promises';
import {basename, join, resolve} from 'node:path';
import type {BuildFailure, BuildOptions, Message} from 'esbuild';
import {UserError} from '../errors.ts';
import {errorCodeOf, messageOf} from '../thrown.ts';
import {type GoProject, goEntries, readGoProject} from './go-project.ts';

/** A directory with TypeScript. All paths are absolute. */
export interface TypescriptProject {
  readonly kind: 'typescript';
  readonly directory: string;
  readonly entry: string;
}

export type Project = TypescriptProject | GoProject;

/** `script` is a file for Node.js, which needs no more than Node.js; `executable` runs by itself on the nodes. */
export type RuntimeSource = Project | {readonly kind: 'script' | 'executable'; readonly file: string};

const entryName = 'runtime.ts';
const sdkName = '.kni/sdk.js';

/** Throws UserError if the path is missing, or is not a project or a file to run. */
export const readSource = async (path: string): Promise<RuntimeSource> => {
  const file = resolve(path);
  const found = await statOf(path);
  if (found.isDirectory()) return readProject(path);
  if (!found.isFile())
    throw refusal(path, 'it is neither a directory nor a file', 'give the directory of your runtime');
  if (/\.[cm]?js$/.test(file)) return {kind: 'script', file};
  if (/\.[cm]?ts$/.test(file))
    throw refusal(path, 'kni-demo bundles directories', `name the file ${entryName} and give its directory`);
  if (/\.go$|^go\.mod$/.test(basename(file)))
    throw refusal(path, 'kni-demo compiles directories', 'give the directory that contains it');
  const isExecutable = await access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (isExecutable) return {kind: 'executable', file};
  throw refusal(path, 'the file is not executable', `make it executable: chmod +x ${path}`);
};

/** Throws UserError if the directory or its entry file is missing. */
export const readProject = async (directory: string): Promise<Project> => {
  const absolute = resolve(directory);
  if (!(await statOf(directory)).isDirectory())
    throw refusal(directory, 'it is a file', 'give the directory that contains it');
  const entry = join(absolute, entryName);
  if (await isFile(entry)) return {kind: 'typescript', directory: absolute, entry};
  for (const name of goEntries) if (await isFile(join(absolute, name))) return readGoProject(absolute);
  throw refusal(
    directory,
    `it has no file ${[entryName, ...goEntries].join(', ')}`,
    'create a project: kni-demo runtime new DIR, or give the path of an executable',
  );
};

/** Writes one file for Node.js 22 with everything that the project imports. Throws UserError with `file:line:column` of each problem. */
export const bundleProject = async (
  project: TypescriptProject,
  outfile: string,
  signal?: AbortSignal,
): Promise<void> => {
  // Imported only here, because most commands do not bundle.
  const {build} = await import('esbuild');
  signal?.throwIfAborted();
  const result = await build(bundleOptions(project)).catch((error: unknown): never => {
    throw compileError(project, error);
  });
  signal?.throwIfAborted();
  await writeFile(outfile, result.outputFiles[0]?.contents ?? '');
};

/** An ES module, because a runtime may use `await` at its top level. */
export const bundleOptions = ({directory, entry}: TypescriptProject) =>
  ({
    absWorkingDir: directory,
    entryPoints: [entry],
    // Not written: sources in the map are relative to it.
    outfile: join(directory, 'runtime.mjs'),
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    alias: {'kni-demo/sdk': join(directory, sdkName)},
    // Bundled CommonJS calls `require`. A global name cannot collide with a declaration of the project.
    banner: {
      js: "import {createRequire as kniCreateRequire} from 'node:module'; globalThis.require ??= kniCreateRequire(import.meta.url);",
    },
    // Stack traces name the user's files and lines.
    sourcemap: 'inline',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'silent',
  }) satisfies BuildOptions & {write: false};

export const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && 'errors' in error && Array.isArray(error.errors);

/** `error` is what esbuild rejected with. */
export const compileError = (project: TypescriptProject, error: unknown): UserError => {
  const problems = isBuildFailure(error) ? error.errors.map(describeProblem) : [messageOf(error)];
  const lacksSdk = problems.some((problem) => problem.includes(sdkName));
  return new UserError(
    {
      what: `cannot compile ${project.directory}`,
      why: problems.join('\n'),
      tryThis: lacksSdk
        ? `copy .kni from a new project: kni-demo runtime new DIR`
        : 'correct the file and run the same command again',
      code: 'KNI-E222',
    },
    {cause: error},
  );
};

/** `runtime.ts:3:7: Expected ";" but found "is"` */
const describeProblem = ({text, location}: Message): string =>
  location === null ? text : `${location.file}:${location.line}:${location.column + 1}: ${text}`;

const statOf = (path: string) =>
  stat(path).catch((error: unknown): never => {
    const why = errorCodeOf(error) === 'ENOENT' ? 'it does not exist' : messageOf(error);
    throw refusal(path, why, 'give the directory of your runtime, or an executable', error);
  });

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

const refusal = (path: string, why: string, tryThis: string, cause?: unknown): UserError =>
  new UserError({what: `cannot use ${path} as a network runtime`, why, tryThis, code: 'KNI-E221'}, {cause});
