/** Builds all of the node image except the network runtime, which changes most often. */

import {cp} from 'node:fs/promises';
import {join} from 'node:path';
import {digestOfTree} from '../../cache/digest.ts';
import type {TaskRun} from '../../graph/task.ts';
import {project} from '../../project.ts';
import type {DemoContext} from '../context.ts';
import {builderImage} from '../init/builder-image.ts';
import {makeImage} from '../lib/container.ts';
import {artifactOf, imageOf, imageTask, tagOf} from '../lib/products.ts';
import {imageSource, scriptDigest, scriptPath} from '../lib/project-files.ts';
import {inScratch, linkInto} from '../lib/scratch.ts';
import {builtNodeOf} from '../lib/stack-parts.ts';
import {containerdId, containerdPrograms} from './containerd.ts';
import {imagesFile, imagesId} from './images.ts';
import {kubernetesPrograms} from './kubernetes.ts';
import {nodeBaseId} from './node-base-image.ts';
import {nodejs} from './nodejs.ts';
import {preloadImage} from './preload-image.ts';

export const nodeSystemId = 'build/node-system-image';

/** The value of the label `dev.kni-demo.system` of nodes made from this image. */
export const systemTag = ({fingerprintOf}: Pick<TaskRun, 'fingerprintOf'>): string =>
  tagOf(fingerprintOf(nodeSystemId));

const title = 'Build the node image without the network runtime';
const preloadScript = 'preload-images.sh';

/** For stacks that build their node image from Debian packages. */
export const buildNodeSystem = imageTask({
  id: nodeSystemId,
  title,
  needs: [nodeBaseId, preloadImage.id, containerdId, kubernetesPrograms.id, nodejs.id],
  inputs: () => commonInputs('node-system'),
  async make(tag, context, running) {
    const {stack, dirs} = context;
    const programs = artifactOf(kubernetesPrograms.id, context, running);
    await inScratch(dirs, 'node-system', running.fingerprint, async (directory) => {
      await stageCommonFiles(directory, 'node-system', context, running);
      await linkInto(
        join(directory, 'kubernetes'),
        ['kubelet', 'kubeadm'].map((name) => join(programs, name)),
      );
      const args = {
        BASE: imageOf(nodeBaseId, running),
        PRELOAD: imageOf(preloadImage.id, running),
        PAUSE: builtNodeOf(stack).images.pause,
        KUBERNETES_VERSION: stack.kubernetes.version,
        STACK: stack.name,
      };
      await makeImage({tag, context: directory, args}, context, running);
    });
  },
});

/** For stacks with a published node image: adds what KNI changes and needs. */
export const extendNodeSystem = imageTask({
  id: nodeSystemId,
  title,
  needs: [nodeBaseId, builderImage.id, imagesId, containerdId, kubernetesPrograms.id, nodejs.id],
  inputs: async () => ({
    ...(await commonInputs('published-node-system')),
    preload: await scriptDigest(preloadScript),
  }),
  async make(tag, context, running) {
    const programs = artifactOf(kubernetesPrograms.id, context, running);
    await inScratch(context.dirs, 'node-system', running.fingerprint, async (directory) => {
      await stageCommonFiles(directory, 'published-node-system', context, running);
      await linkInto(join(directory, 'kubernetes'), [join(programs, 'kubelet')]);
      await linkInto(join(directory, 'images'), [join(artifactOf(imagesId, context, running), imagesFile)]);
      await cp(scriptPath(preloadScript), join(directory, preloadScript));
      const args = {
        BASE: imageOf(nodeBaseId, running),
        BUILDER: imageOf(builderImage.id, running),
        STACK: context.stack.name,
      };
      await makeImage({tag, context: directory, args}, context, running);
    });
  },
});

const commonInputs = async (dockerfile: string) => ({
  files: await digestOfTree(imageSource('node-system')),
  dockerfile: await digestOfTree(imageSource(dockerfile)),
  unit: await digestOfTree(join(project.manifests, 'node')),
});

/** Fills the build context with what both kinds of image contain. */
const stageCommonFiles = async (
  directory: string,
  dockerfile: string,
  context: DemoContext,
  running: TaskRun,
): Promise<void> => {
  const containerd = artifactOf(containerdId, context, running);
  await cp(imageSource('node-system'), directory, {recursive: true});
  await cp(imageSource(dockerfile), directory, {recursive: true});
  await cp(join(project.manifests, 'node'), join(directory, 'files/etc/systemd/system'), {recursive: true});
  await linkInto(
    join(directory, 'bin'),
    containerdPrograms.map((name) => join(containerd, name)),
  );
  await linkInto(join(directory, 'kni/bin'), [join(artifactOf(nodejs.id, context, running), 'node')]);
};
