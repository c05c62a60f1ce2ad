/** containerd, its shim and ctr out of the patched tree of containerd. */

import {digestOfTree} from '../../cache/digest.ts';
import type {Running} from '../../graph/task.ts';
import {goCache, makeImage, runStep} from '../container.ts';
import type {DemoContext} from '../context.ts';
import {imageSource, scriptDigest} from '../files.ts';
import {init} from '../init/init.ts';
import {artifactOf, artifactTask, imageOf, imageTask} from '../products.ts';

export const containerdBuilderImage = imageTask({
  id: 'build/containerd-builder-image',
  title: 'Make the builder image of containerd',
  needs: [init.builderImage.id],
  inputs: async ({stack}) => ({
    source: stack.containerd.source.package,
    dockerfile: await digestOfTree(imageSource('containerd-builder')),
  }),
  async make(tag, context, running) {
    const {stack} = context;
    const args = {BASE: imageOf(init.builderImage.id, running), SOURCE: stack.containerd.source.package};
    await makeImage({tag, context: imageSource('containerd-builder'), args}, context, running);
  },
});

export const containerd = artifactTask({
  id: 'build/containerd',
  title: 'Build containerd, its shim and ctr',
  needs: [containerdBuilderImage.id, init.containerdTree.id],
  inputs: async ({stack}) => ({
    version: stack.containerd.version,
    script: await scriptDigest('build-containerd.sh'),
  }),
  async fill(out, context, running) {
    const {version, source} = context.stack.containerd;
    const tree = init.containerdTree.id;
    await buildContainerd({out, tree, version, revision: source.version}, context, running);
  },
});

export interface ContainerdBuild {
  readonly out: string;
  /** The task whose tree is built. */
  readonly tree: string;
  readonly version: string;
  readonly revision: string;
}

export const buildContainerd = async (
  {out, tree, version, revision}: ContainerdBuild,
  context: DemoContext,
  running: Running,
): Promise<void> => {
  const mounts = [
    {
      from: artifactOf(tree, context, running),
      to: '/go/src/github.com/containerd/containerd',
      readOnly: true,
    },
    await goCache(context),
  ];
  const step = {image: imageOf(containerdBuilderImage.id, running), mounts, out};
  const env = {VERSION: version, REVISION: revision};
  await runStep({...step, env, script: ['build-containerd.sh']}, context, running);
};

/** What it builds. */
export const containerdPrograms = ['containerd', 'containerd-shim-runc-v2', 'ctr'] as const;
