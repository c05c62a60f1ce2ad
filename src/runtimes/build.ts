/** Builds a project in any supported language into one file. */

import type {GoCompiler} from './go-project.ts';
import {bundleProject, type Project} from './project.ts';

export interface BuildOptions {
  /** Needed for projects in Go. */
  readonly compileGo: GoCompiler | undefined;
  readonly signal: AbortSignal;
}

/** The name of the file on a node, and by default in the project. */
export const programName = ({kind}: Pick<Project, 'kind'>): string =>
  kind === 'typescript' ? 'runtime.mjs' : 'runtime';

/** Throws UserError with `file:line:column` of each problem. */
export const buildProject = async (
  project: Project,
  outfile: string,
  {compileGo, signal}: BuildOptions,
): Promise<void> => {
  if (project.kind === 'typescript') return bundleProject(project, outfile, signal);
  if (compileGo === undefined) throw new RangeError('a project in Go needs a compiler');
  await compileGo(project, outfile, signal);
};
