/** runtime build: bundles a network runtime of the user's own into one file. */

import {rename, rm} from 'node:fs/promises';
import {join, relative, resolve} from 'node:path';
import {scratchPath} from '../../cache/scratch.ts';
import {UserError} from '../../errors.ts';
import {bundleProject, readProject} from '../../runtimes/project.ts';
import {errorCodeOf, messageOf} from '../../thrown.ts';
import {runOutput} from '../run-output.ts';
import type {World} from '../world.ts';

export interface RuntimeBuildOptions {
  readonly output?: string;
  readonly json?: boolean;
}

/** Throws UserError with the lines that do not compile; then an existing file stays as it was. */
export const runtimeBuild = async (
  world: World,
  dir: string,
  {output, json}: RuntimeBuildOptions,
): Promise<void> => {
  const {say, record} = runOutput(world, json);
  const here = world.directory ?? process.cwd();
  const project = await readProject(resolve(here, dir));
  const file = output === undefined ? join(project.directory, 'runtime.mjs') : resolve(here, output);
  const scratch = scratchPath(file);
  try {
    await bundleProject(project, scratch, world.signal);
    await rename(scratch, file);
  } catch (error) {
    await rm(scratch, {force: true});
    if (errorCodeOf(error) === undefined) throw error;
    throw new UserError(
      {
        what: `cannot write ${file}`,
        why: messageOf(error),
        tryThis: 'choose another file with --output',
        code: 'KNI-E213',
      },
      {cause: error},
    );
  }
  record('result', {command: 'runtime build', exitCode: 0, file});
  say(`Built ${relative(here, file)}, which needs Node.js 22 and no npm packages.`);
};
