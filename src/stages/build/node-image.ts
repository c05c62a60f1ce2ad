/** The node image: all that was built, over the node's base; the network runtime on top, since it changes most often. */

import {cp, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {digestOfTree} from '../../cache/digest.ts';
import type {Running} from '../../graph/task.ts';
import {project} from '../../project.ts';
import type {BuiltNode, Stack} from '../../stacks/schema.ts';
import type {DemoContext, DemoTask} from '../context.ts';
import {builderImage} from '../init/base-image.ts';
import {makeImage} from '../lib/container.ts';
import {artifactOf, imageOf, imageTask, tagOf} from '../lib/products.ts';
import {buildScript, imageSource, inScratch, place, scriptDigest} from '../lib/project-files.ts';
import {runtimeEnvironment, runtimeEnvironmentFor} from '../lib/runtime-environment.ts';
import {containerdId, containerdPrograms} from './containerd.ts';
import {imagesFile, imagesId, nodeBaseId, preloadImage} from './images.ts';
import {kubernetesId} from './kubernetes.ts';
import {nodejs, runtime, runtimeFile} from './runtime.ts';

export const nodeSystemId = 'build/node-system-image';

/** What is laid over the base, in the directory of a Dockerfile. */
const stage = async (
  directory: string,
  dockerfile: string,
  context: DemoContext,
  running: Running,
): Promise<void> => {
  const of = (id: string, file: string): string => join(artifactOf(id, context, running), file);
  await cp(imageSource('node-system'), directory, {recursive: true});
  await cp(imageSource(dockerfile), directory, {recursive: true});
  await cp(join(project.manifests, 'node'), join(directory, 'files/etc/systemd/system'), {recursive: true});
  await place(
    join(directory, 'bin'),
    containerdPrograms.map((name) => of(containerdId, name)),
  );
  await place(join(directory, 'kni/bin'), [of(nodejs.id, 'node')]);
};

const stagedInputs = async (dockerfile: string) => ({
  files: await digestOfTree(imageSource('node-system')),
  dockerfile: await digestOfTree(imageSource(dockerfile)),
  unit: await digestOfTree(join(project.manifests, 'node')),
});

export const nodeSystemImage = ({node}: Stack): DemoTask =>
  node.from === 'debian' ? builtSystem(node) : publishedSystem;

const title = 'Build the node image but for the network runtime';

const builtSystem = ({images: {pause}}: BuiltNode): DemoTask =>
  imageTask({
    id: nodeSystemId,
    title,
    needs: [nodeBaseId, preloadImage.id, containerdId, kubernetesId, nodejs.id],
    inputs: () => stagedInputs('node-system'),
    async make(tag, context, running) {
      const {stack, dirs} = context;
      await inScratch(dirs, 'node-system', running.fingerprint, async (directory) => {
        await stage(directory, 'node-system', context, running);
        const programs = artifactOf(kubernetesId, context, running);
        await place(
          join(directory, 'kubernetes'),
          ['kubelet', 'kubeadm'].map((name) => join(programs, name)),
        );
        const args = {
          BASE: imageOf(nodeBaseId, running),
          PRELOAD: imageOf(preloadImage.id, running),
          PAUSE: pause,
          KUBERNETES_VERSION: stack.kubernetes.version,
          STACK: stack.name,
        };
        await makeImage({tag, context: directory, args}, context, running);
      });
    },
  });

/** The published image has all but what KNI changes and needs. */
const publishedSystem = imageTask({
  id: nodeSystemId,
  title,
  needs: [nodeBaseId, builderImage.id, imagesId, containerdId, kubernetesId, nodejs.id],
  inputs: async () => ({
    ...(await stagedInputs('published-node-system')),
    preload: await scriptDigest('preload-images.sh'),
  }),
  async make(tag, context, running) {
    await inScratch(context.dirs, 'node-system', running.fingerprint, async (directory) => {
      await stage(directory, 'published-node-system', context, running);
      await place(join(directory, 'kubernetes'), [
        join(artifactOf(kubernetesId, context, running), 'kubelet'),
      ]);
      await place(join(directory, 'images'), [join(artifactOf(imagesId, context, running), imagesFile)]);
      await cp(buildScript('preload-images.sh'), join(directory, 'preload-images.sh'));
      const args = {
        BASE: imageOf(nodeBaseId, running),
        BUILDER: imageOf(builderImage.id, running),
        STACK: context.stack.name,
      };
      await makeImage({tag, context: directory, args}, context, running);
    });
  },
});

export const nodeImage = imageTask({
  id: 'build/node-image',
  title: 'Build the node image',
  needs: [nodeSystemId, runtime.id],
  inputs: async ({stack}) => ({
    dockerfile: await digestOfTree(imageSource('node')),
    environment: runtimeEnvironmentFor(stack.cluster),
  }),
  async make(tag, context, running) {
    await inScratch(context.dirs, 'node', running.fingerprint, async (directory) => {
      await cp(imageSource('node'), directory, {recursive: true});
      await writeFile(join(directory, runtimeEnvironment.name), runtimeEnvironmentFor(context.stack.cluster));
      await place(directory, [join(artifactOf(runtime.id, context, running), runtimeFile)]);
      const args = {BASE: imageOf(nodeSystemId, running), SYSTEM: systemOf(running)};
      await makeImage({tag, context: directory, args}, context, running);
    });
  },
});

/** What the label of a node says that it was made over. */
export const systemOf = (running: Pick<Running, 'fingerprintOf'>): string =>
  tagOf(running.fingerprintOf(nodeSystemId));
