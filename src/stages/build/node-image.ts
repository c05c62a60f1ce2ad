/** The node image: all that was built, over the node's base; the network runtime on top, since it changes most often. */

import {cp} from 'node:fs/promises';
import {join} from 'node:path';
import {digestOfTree} from '../../cache/digest.ts';
import type {Running} from '../../graph/task.ts';
import {project} from '../../project.ts';
import {makeImage} from '../container.ts';
import {imageSource, inScratch, place} from '../files.ts';
import {artifactOf, imageOf, imageTask, tagOf} from '../products.ts';
import {containerd, containerdPrograms} from './containerd.ts';
import {nodeBaseImage, preloadImage} from './images.ts';
import {kubernetes} from './kubernetes.ts';
import {nodejs, runtime, runtimeFile} from './runtime.ts';

export const nodeSystemImage = imageTask({
  id: 'build/node-system-image',
  title: 'Build the node image but for the network runtime',
  needs: [nodeBaseImage.id, preloadImage.id, containerd.id, kubernetes.id, nodejs.id],
  inputs: async () => ({
    dockerfile: await digestOfTree(imageSource('node-system')),
    unit: await digestOfTree(join(project.manifests, 'node')),
  }),
  async make(tag, context, running) {
    const {stack, dirs} = context;
    const of = (id: string, file: string): string => join(artifactOf(id, context, running), file);
    await inScratch(dirs, 'node-system', running.fingerprint, async (directory) => {
      await cp(imageSource('node-system'), directory, {recursive: true});
      await cp(join(project.manifests, 'node'), join(directory, 'files/etc/systemd/system'), {
        recursive: true,
      });
      await place(
        join(directory, 'bin'),
        containerdPrograms.map((name) => of(containerd.id, name)),
      );
      await place(
        join(directory, 'kubernetes'),
        ['kubelet', 'kubeadm'].map((name) => of(kubernetes.id, name)),
      );
      await place(join(directory, 'kni/bin'), [of(nodejs.id, 'node')]);
      const args = {
        BASE: imageOf(nodeBaseImage.id, running),
        PRELOAD: imageOf(preloadImage.id, running),
        PAUSE: stack.images.pause,
        KUBERNETES_VERSION: stack.kubernetes.version,
        STACK: stack.name,
      };
      await makeImage({tag, context: directory, args}, context, running);
    });
  },
});

export const nodeImage = imageTask({
  id: 'build/node-image',
  title: 'Build the node image',
  needs: [nodeSystemImage.id, runtime.id],
  inputs: async () => ({dockerfile: await digestOfTree(imageSource('node'))}),
  async make(tag, context, running) {
    await inScratch(context.dirs, 'node', running.fingerprint, async (directory) => {
      await cp(imageSource('node'), directory, {recursive: true});
      await place(directory, [join(artifactOf(runtime.id, context, running), runtimeFile)]);
      const args = {BASE: imageOf(nodeSystemImage.id, running), SYSTEM: systemOf(running)};
      await makeImage({tag, context: directory, args}, context, running);
    });
  },
});

/** What the label of a node says that it was made over. */
export const systemOf = (running: Pick<Running, 'fingerprintOf'>): string =>
  tagOf(running.fingerprintOf(nodeSystemImage.id));
