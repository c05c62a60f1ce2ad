/** Builds a project again and again, and says which directories its files are in. */

import {mkdtemp, readdir, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join, resolve} from 'node:path';
import {UserError} from '../errors.ts';
import {type BuildOptions, buildProject, programName} from './build.ts';
import type {GoProject} from './go-project.ts';
import {
  bundleOptions,
  compileError,
  isBuildFailure,
  type Project,
  type TypescriptProject,
} from './project.ts';

export interface BuildResult {
  readonly outcome: Built | BuildFailed;
  /** The directories in which a change can affect the build. */
  readonly directories: readonly string[];
}
interface Built {
  readonly kind: 'built';
  readonly program: Buffer;
}
interface BuildFailed {
  readonly kind: 'failed';
  /** The message has file, line and column of each problem. */
  readonly error: UserError;
}

export interface Builder {
  /** The directories that are known before a build. Go compiles for seconds or minutes, in which files may change. */
  directories(): Promise<readonly string[]>;
  build(): Promise<BuildResult>;
  dispose(): Promise<void>;
}

export const builderOf = (project: Project, options: BuildOptions): Promise<Builder> =>
  project.kind === 'go' ? goBuilder(project, options) : typescriptBuilder(project);

const typescriptBuilder = async (project: TypescriptProject): Promise<Builder> => {
  const {context} = await import('esbuild');
  const bundler = await context({...bundleOptions(project), metafile: true});
  return {
    directories: () => Promise.resolve([project.directory]),
    build: () =>
      bundler.rebuild().then(
        ({outputFiles, metafile}): BuildResult => {
          const inputs = Object.keys(metafile.inputs).map((path) => resolve(project.directory, path));
          return {
            outcome: {kind: 'built', program: Buffer.from(outputFiles[0]?.contents ?? [])},
            directories: [project.directory, ...inputs.map((path) => dirname(path))],
          };
        },
        (error: unknown): BuildResult => ({
          outcome: {kind: 'failed', error: compileError(project, error)},
          directories: [project.directory, ...directoriesIn(project, error)],
        }),
      ),
    dispose: () => bundler.dispose(),
  };
};

/** The directories of the files with problems, and of files that are imported and missing. */
const directoriesIn = ({directory}: TypescriptProject, error: unknown): readonly string[] =>
  !isBuildFailure(error)
    ? []
    : error.errors.flatMap(({text, location}) => {
        if (location === null) return [];
        const importer = dirname(resolve(directory, location.file));
        const [, missing] = /^Could not resolve "(\.[^"]*)"/.exec(text) ?? [];
        return missing === undefined ? [importer] : [importer, dirname(resolve(importer, missing))];
      });

const goBuilder = async (project: GoProject, options: BuildOptions): Promise<Builder> => {
  const directory = await mkdtemp(join(tmpdir(), 'kni-demo-'));
  const file = join(directory, programName(project));
  const outcome = async (): Promise<BuildResult['outcome']> => {
    try {
      await buildProject(project, file, options);
      return {kind: 'built', program: await readFile(file)};
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return {kind: 'failed', error};
    }
  };
  const directories = () => packagesIn(project.directory);
  return {
    directories,
    build: async () => ({outcome: await outcome(), directories: await directories()}),
    dispose: () => rm(directory, {recursive: true, force: true}),
  };
};

/** The directories that Go looks into for packages of the project: not hidden ones, nor `testdata`. */
const packagesIn = async (directory: string): Promise<readonly string[]> => {
  const entries = await readdir(directory, {withFileTypes: true}).catch(() => []);
  const inner = entries
    .filter((entry) => entry.isDirectory() && !/^[._]|^testdata$/.test(entry.name))
    .map(({name}) => packagesIn(join(directory, name)));
  return [directory, ...(await Promise.all(inner)).flat()];
};
