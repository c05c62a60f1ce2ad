/** Prepares the compiler for a network runtime in Go. The first time, this builds an image. */

import {markDirectories} from '../cache/marker.ts';
import {requireCluster, requireRunning} from '../cluster/cluster.ts';
import {fingerprintsOf} from '../graph/fingerprint.ts';
import {type GoCompiler, goCompiler} from '../runtimes/go-project.ts';
import type {RuntimeSource} from '../runtimes/project.ts';
import {defaultStack} from '../stacks/default-stack.ts';
import {goRuntimeBuilderImage} from '../stages/build/go-runtime-builder-image.ts';
import {goCompilerPlan} from '../stages/demo.ts';
import {compilerRequirements} from '../stages/host/requirements.ts';
import {requireAll, surveyHost} from '../stages/host/survey.ts';
import {imageExists, imageOf} from '../stages/lib/products.ts';
import {demoContext} from './context.ts';
import {runLocked} from './run-locked.ts';
import type {RunOutput} from './run-output.ts';
import {runWithView} from './run-with-view.ts';
import type {World} from './world.ts';

export interface CompilerOptions {
  /** Shown to processes that wait for the lock: `kni-demo runtime use`. */
  readonly command: string;
  /** Milliseconds. */
  readonly lockTimeout: number;
  readonly json: boolean;
  readonly output: Pick<RunOutput, 'note'>;
  /** The name of the cluster that the program is for: it must run before the image is built, which takes minutes. */
  readonly cluster?: string;
}

/**
 * Undefined for other languages. Must not be called with the lock. Throws UserError if this machine lacks something, and RunFailed if
 * the image cannot be built.
 */
export const goCompilerFor = async (
  world: World,
  {kind}: Pick<RuntimeSource, 'kind'>,
  {command, lockTimeout, json, output: {note}, cluster}: CompilerOptions,
): Promise<GoCompiler | undefined> => {
  if (kind !== 'go') return undefined;
  const {signal} = world;
  // The program does not depend on the stack of the cluster that it runs on.
  const context = await demoContext(world, {stack: defaultStack});
  const plan = goCompilerPlan();
  const fingerprintOf = await fingerprintsOf(plan, context);
  const image = imageOf(goRuntimeBuilderImage.id, {fingerprintOf});
  // An engine that does not answer is a finding of the survey.
  if (!(await imageExists(context.host, image).catch(() => false))) {
    if (cluster !== undefined)
      requireRunning(cluster, (await requireCluster(context, cluster, signal)).nodes);
    await runLocked(context.dirs, {command, lockTimeout, say: note, signal}, async () => {
      requireAll(await surveyHost(context, signal, compilerRequirements), context);
      await markDirectories(context.dirs);
      const targets = [goRuntimeBuilderImage.id];
      await runWithView({
        plan,
        targets,
        context,
        fingerprintOf,
        stream: world.stdout,
        flags: {json},
        signal,
      });
    });
  }
  const compile = goCompiler(image, context);
  let isFirst = true;
  return async (project, outfile, compiling) => {
    if (isFirst) note(`compiling ${project.directory} (minutes the first time, then seconds)`);
    isFirst = false;
    await compile(project, outfile, compiling);
  };
};
