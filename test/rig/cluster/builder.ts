/** Runs steps in the image in which the cluster's programs were built, with the same sources. */

import {dirsOf} from '../../../src/cache/dirs.ts';
import {demoContext} from '../../../src/cli/context.ts';
import {type FingerprintOf, fingerprintsOf} from '../../../src/graph/fingerprint.ts';
import type {TaskRun} from '../../../src/graph/task.ts';
import {localHost} from '../../../src/host/process.ts';
import {goRuntimeBuilderImage} from '../../../src/stages/build/go-runtime-builder-image.ts';
import type {DemoContext} from '../../../src/stages/context.ts';
import {demoPlan, goCompilerPlan} from '../../../src/stages/demo.ts';
import {type ContainerStep, goCache, runStep} from '../../../src/stages/lib/container.ts';
import {withTools} from '../../../src/stages/lib/managed-engine.ts';
import {artifactOf, imageOf} from '../../../src/stages/lib/products.ts';
import {inspectImage} from '../../../src/tools/docker.ts';

export interface Builder {
  readonly image: (id: string) => string;
  readonly hasImage: (id: string) => Promise<boolean>;
  readonly artifact: (id: string) => string;
  readonly goCache: () => ReturnType<typeof goCache>;
  /** Returns the output; if the step fails, prints the output and rejects. `name` becomes part of the container's name. */
  readonly run: (name: string, step: ContainerStep) => Promise<string>;
}

export const builder = async (signal = new AbortController().signal): Promise<Builder> => {
  const host = withTools(localHost(), dirsOf(process.env));
  const world = {host, env: process.env, signal, stdout: process.stdout, stderr: process.stderr};
  const context: DemoContext = await demoContext({...world, confirm: async () => false}, {stack: 'bookworm'});
  const ofDemo = await fingerprintsOf(demoPlan(context.stack), context);
  const ofCompiler = await fingerprintsOf(goCompilerPlan(), context);
  const fingerprintOf: FingerprintOf = (id) =>
    id === goRuntimeBuilderImage.id ? ofCompiler(id) : ofDemo(id);
  const running: TaskRun = {fingerprint: '', fingerprintOf, signal, log: () => undefined};
  return {
    image: (id) => imageOf(id, running),
    hasImage: (id) =>
      host.run(inspectImage(imageOf(id, running))).then(
        () => true,
        () => false,
      ),
    artifact: (id) => artifactOf(id, context, running),
    goCache: () => goCache(context),
    async run(name, step) {
      const lines: string[] = [];
      try {
        await runStep(step, context, {...running, fingerprint: name, log: (line) => void lines.push(line)});
        return lines.join('\n');
      } catch (error) {
        process.stderr.write(`${lines.join('\n')}\n`);
        throw error;
      }
    },
  };
};
