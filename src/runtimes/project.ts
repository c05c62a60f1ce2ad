/**
 * A network runtime of the user's own: a directory with `runtime.ts`, which is bundled, a directory with Go, or a file that is ready
 * to run. Imports of `kni-demo/sdk` become `.kni/sdk.js` of the directory, so a project in TypeScript needs no `npm install`.
 */

import {access, constants, readdir, stat, writeFile} from 'node:fs/promises';
import {basename, dirname, join, resolve} from 'node:path';
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
const create = 'create a project: kni-demo runtime new DIR';

/** Throws UserError if the path is missing, or is not a project or a file to run. */
export const readSource = async (path: string): Promise<RuntimeSource> => {
  const file = resolve(path);
  const found = await statOf(path, 'give the directory of your runtime, an executable, or the word default');
  if (found.isDirectory()) return projectIn(path, `${create}, or give the path of an executable`);
  if (!found.isFile())
    throw refusal(path, 'it is neither a directory nor a file', 'give the directory of your runtime');
  if (/\.[cm]?ts$/.test(file))
    throw refusal(path, 'kni-demo bundles directories', `name the file ${entryName} and give its directory`);
  if (/\.go$|^go\.mod$/.test(basename(file)))
    throw refusal(path, 'kni-demo compiles directories', 'give the directory that contains it');
  await access(file, constants.R_OK).catch((error: unknown): never => {
    throw unreadable(path, error);
  });
  const isExecutable = await access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (/\.[cm]?js$/.test(file)) return {kind: 'script', file};
  if (isExecutable) return {kind: 'executable', file};
  throw refusal(path, 'the file is not executable', `make it executable: chmod +x ${path}`);
};

/** Throws UserError if the directory or its entry file is missing. */
export const readProject = async (directory: string): Promise<Project> => {
  if (!(await statOf(directory, `give the directory of your project, or ${create}`)).isDirectory())
    throw refusal(directory, 'it is a file', 'give the directory that contains it');
  return projectIn(directory, create);
};

/** `tryThis` is what to do about a directory without a project. */
const projectIn = async (directory: string, tryThis: string): Promise<Project> => {
  const absolute = resolve(directory);
  const entry = await entryIn(absolute);
  if (entry === entryName) return {kind: 'typescript', directory: absolute, entry: join(absolute, entryName)};
  if (entry !== undefined) return readGoProject(absolute);
  const inner = (await innerProjects(absolute)).map((name) => join(directory, name));
  throw refusal(
    directory,
    `it has no file ${[entryName, ...goEntries].join(', ').replace(/, (?!.*,)/, ' or ')}`,
    inner.length === 0 || inner.length > mostNamed
      ? tryThis
      : `give the directory of the project: ${inner.join(' or ')}`,
  );
};

/** The entry file of a project in this directory. Throws UserError if the directory cannot be read. */
const entryIn = async (directory: string): Promise<string | undefined> => {
  for (const name of [entryName, ...goEntries]) if (await isFile(join(directory, name))) return name;
  return undefined;
};

/** Any directory with Go looks like a project. An error does not name a long list of them. */
const mostNamed = 3;

/** The names of the directories in this one that have a project, sorted. */
const innerProjects = async (directory: string): Promise<readonly string[]> => {
  const entries = await readdir(directory, {withFileTypes: true}).catch(() => []);
  const found: string[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory() || /^\.|^node_modules$/.test(entry.name)) continue;
    const file = await entryIn(join(directory, entry.name)).catch(() => undefined);
    if (file !== undefined) found.push(entry.name);
  }
  return found.sort();
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
  return new UserError(
    {
      what: `cannot compile ${project.directory}`,
      why: problems.join('\n'),
      tryThis: adviceFor(problems),
      code: 'KNI-E222',
    },
    {cause: error},
  );
};

const adviceFor = (problems: readonly string[]): string => {
  const has = (text: string): boolean => problems.some((problem) => problem.includes(text));
  const copy = 'copy .kni from a new project: kni-demo runtime new DIR';
  if (has('No matching export in ".kni')) return `correct the name; if the SDK is newer, ${copy}`;
  if (has(sdkName)) return copy;
  const [, name] = /Could not resolve "((?:@[^/"]+\/)?[^./@":][^/":]*)[/"]/.exec(problems.join('\n')) ?? [];
  if (name !== undefined)
    return `run npm install ${name} in the project, or begin the path of a file with ./`;
  return has('permission denied')
    ? 'make the file readable and run the same command again'
    : 'correct the file and run the same command again';
};

/** `runtime.ts:3:7: Expected ";" but found "is"` */
const describeProblem = ({text, location}: Message): string =>
  location === null ? text : `${location.file}:${location.line}:${location.column + 1}: ${text}`;

const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errorCodeOf(error) ?? '');

/** `tryThis` is what to do about a path that does not exist. */
const statOf = (path: string, tryThis: string) =>
  stat(path).catch((error: unknown): never => {
    throw isMissing(error) ? refusal(path, 'it does not exist', tryThis, error) : unreadable(path, error);
  });

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    (error: unknown) => {
      if (isMissing(error)) return false;
      throw unreadable(dirname(path), error);
    },
  );

const unreadable = (path: string, error: unknown): UserError =>
  refusal(
    path,
    `it cannot be read: ${messageOf(error)}`,
    'make it readable, or run kni-demo as its owner',
    error,
  );

const refusal = (path: string, why: string, tryThis: string, cause?: unknown): UserError =>
  new UserError({what: `cannot use ${path} as a network runtime`, why, tryThis, code: 'KNI-E221'}, {cause});
