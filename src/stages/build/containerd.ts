/** containerd, its shim and ctr out of the patched tree of containerd. */

import {digestOfTree} from '../../cache/digest.ts';
import {releaseOf, type Stack} from '../../stacks/schema.ts';
import type {DemoContext, DemoTask} from '../context.ts';
import {builderImage} from '../init/base-image.ts';
import {treeOf} from '../init/tree.ts';
import {goCache, goEnv, makeImage, runStep} from '../lib/container.ts';
import {artifactOf, artifactTask, imageOf, imageTask} from '../lib/products.ts';
import {imageSource, scriptDigest} from '../lib/project-files.ts';

export const containerdBuilderImage = imageTask({
  id: 'build/containerd-builder-image',
  title: 'Make the builder image of containerd',
  needs: [builderImage.id],
  inputs: async ({stack}) => ({
    source: stack.containerd.buildDependencies,
    dockerfile: await digestOfTree(imageSource('containerd-builder')),
  }),
  async make(tag, context, running) {
    const {buildDependencies: SOURCE = ''} = context.stack.containerd;
    const args = {BASE: imageOf(builderImage.id, running), SOURCE};
    await makeImage({tag, context: imageSource('containerd-builder'), args}, context, running);
  },
});

/** The task that makes the image in which containerd is built. */
export const containerdBuilderOf = ({buildDependencies}: Stack['containerd']): string =>
  buildDependencies === undefined ? builderImage.id : containerdBuilderImage.id;

export interface ContainerdBuild {
  readonly id: string;
  readonly title: string;
  /** The task that makes the image it is built in. */
  readonly image: string;
  /** The task whose tree is built. */
  readonly tree: string;
  readonly version: (context: DemoContext) => string;
  readonly revision: string;
}

export const containerdBuildTask = (build: ContainerdBuild): DemoTask => {
  const {id, title, image, tree, version, revision} = build;
  return artifactTask({
    id,
    title,
    needs: [image, tree],
    inputs: async (context) => ({
      version: version(context),
      layout: context.stack.builder.go.layout,
      script: await scriptDigest('build-containerd.sh'),
    }),
    async fill(out, context, running) {
      const from = artifactOf(tree, context, running);
      const mounts = [
        {from, to: '/go/src/github.com/containerd/containerd', readOnly: true},
        await goCache(context),
      ];
      const env = {...goEnv(context), VERSION: version(context), REVISION: revision};
      const step = {image: imageOf(image, running), mounts, out, env};
      await runStep({...step, script: ['build-containerd.sh']}, context, running);
    },
  });
};

export const containerdId = 'build/containerd';

export const containerdTask = ({containerd}: Stack): DemoTask =>
  containerdBuildTask({
    id: containerdId,
    title: 'Build containerd, its shim and ctr',
    image: containerdBuilderOf(containerd),
    tree: treeOf('containerd'),
    version: ({stack}) => stack.containerd.version,
    revision: releaseOf(containerd.source),
  });

/** What it builds. */
export const containerdPrograms = ['containerd', 'containerd-shim-runc-v2', 'ctr'] as const;
