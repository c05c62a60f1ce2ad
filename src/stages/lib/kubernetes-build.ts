/** Builds Kubernetes programs from a patched tree: the stack's, or the user's own. */

import type {DemoContext, DemoTask} from '../context.ts';
import {builderImage} from '../init/builder-image.ts';
import {goCache, goEnv, runStep} from './container.ts';
import {artifactOf, artifactTask, imageOf} from './products.ts';
import {scriptDigest} from './project-files.ts';

export interface KubernetesBuild {
  readonly id: string;
  readonly title: string;
  /** Id of the task that makes the tree. */
  readonly tree: string;
  readonly version: (context: DemoContext) => string;
  readonly binaries: (context: DemoContext) => readonly string[];
}

/** One `go build` for all programs, because they share nearly every package. */
export const kubernetesBuildTask = ({id, title, tree, version, binaries}: KubernetesBuild): DemoTask =>
  artifactTask({
    id,
    title,
    needs: [builderImage.id, tree],
    inputs: async (context) => ({
      version: version(context),
      binaries: binaries(context),
      layout: context.stack.builder.go.layout,
      scripts: [await scriptDigest('build-kubernetes.sh'), await scriptDigest('generate-openapi.sh')],
    }),
    async fill(out, context, running) {
      const from = artifactOf(tree, context, running);
      const mounts = [{from, to: '/go/src/k8s.io/kubernetes'}, goCache(context)];
      const env = {...goEnv(context), VERSION: version(context)};
      const step = {image: imageOf(builderImage.id, running), env, mounts, out};
      await runStep({...step, script: ['build-kubernetes.sh', ...binaries(context)]}, context, running);
    },
  });
