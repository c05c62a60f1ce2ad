/** Builds containerd from a patched tree: the stack's, or the user's own. */

import type {DemoContext, DemoTask} from '../context.ts';
import {goCache, goEnv, runStep} from './container.ts';
import {artifactOf, artifactTask, imageOf} from './products.ts';
import {scriptDigest} from './project-files.ts';

export interface ContainerdBuild {
  readonly id: string;
  readonly title: string;
  /** Id of the task that makes the builder image. */
  readonly builder: string;
  /** Id of the task that makes the tree. */
  readonly tree: string;
  readonly version: (context: DemoContext) => string;
  readonly revision: (context: DemoContext) => string;
}

export const containerdBuildTask = (build: ContainerdBuild): DemoTask => {
  const {id, title, builder, tree, version, revision} = build;
  return artifactTask({
    id,
    title,
    needs: [builder, tree],
    inputs: async (context) => ({
      version: version(context),
      layout: context.stack.builder.go.layout,
      script: await scriptDigest('build-containerd.sh'),
    }),
    async fill(out, context, running) {
      const from = artifactOf(tree, context, running);
      const mounts = [
        {from, to: '/go/src/github.com/containerd/containerd', readOnly: true},
        goCache(context),
      ];
      const env = {...goEnv(context), VERSION: version(context), REVISION: revision(context)};
      const step = {image: imageOf(builder, running), mounts, out, env};
      await runStep({...step, script: ['build-containerd.sh']}, context, running);
    },
  });
};
