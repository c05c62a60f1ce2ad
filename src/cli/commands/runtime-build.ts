/** runtime build: makes one file of a network runtime of the user's own. */

import {rename, rm} from 'node:fs/promises';
import {join, relative, resolve} from 'node:path';
import {scratchPath} from '../../cache/scratch.ts';
import {buildProject, programName} from '../../runtimes/build.ts';
import {readProject} from '../../runtimes/project.ts';
import {errorCodeOf} from '../../thrown.ts';
import {goCompilerFor} from '../go-compiler.ts';
import {requireWritable, unwritable} from '../output-file.ts';
import {runOutput} from '../run-output.ts';
import type {World} from '../world.ts';

export interface RuntimeBuildOptions {
  readonly output?: string;
  readonly json?: boolean;
}

const flag = '--output';

/** How long to wait for another kni-demo, in milliseconds, if the image that compiles Go is missing. */
const lockTimeout = 600_000;

/** Throws UserError with the lines that do not compile; then an existing file stays as it was. */
export const runtimeBuild = async (
  world: World,
  dir: string,
  {output, json}: RuntimeBuildOptions,
): Promise<void> => {
  const out = runOutput(world, json);
  const {say, record} = out;
  const here = world.directory ?? process.cwd();
  const project = await readProject(resolve(here, dir));
  const file = output === undefined ? join(project.directory, programName(project)) : resolve(here, output);
  // Before Go compiles for minutes.
  await requireWritable({file, flag, usualName: programName(project)});
  const command = 'kni-demo runtime build';
  const options = {command, lockTimeout, json: json ?? false, output: out};
  const compileGo = await goCompilerFor(world, project, options);
  const scratch = scratchPath(file);
  try {
    await buildProject(project, scratch, {compileGo, signal: world.signal});
    await rename(scratch, file);
  } catch (error) {
    await rm(scratch, {force: true});
    if (errorCodeOf(error) === undefined) throw error;
    throw unwritable(file, flag, error);
  }
  record('result', {command: 'runtime build', exitCode: 0, file});
  const kind =
    project.kind === 'go'
      ? 'a static executable'
      : 'one file without npm packages, for the Node.js 22 of the nodes';
  say(`Built ${relative(here, file)}, ${kind}.`);
};
