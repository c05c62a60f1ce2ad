/** The node image: all that was built, over the node's base. */

import {cp} from 'node:fs/promises';
import {join} from 'node:path';
import {digestOfTree} from '../../cache/digest.ts';
import {project} from '../../project.ts';
import {makeImage} from '../container.ts';
import {imageSource, inScratch, place} from '../files.ts';
import {artifactOf, imageOf, imageTask} from '../products.ts';
import {containerd, containerdPrograms} from './containerd.ts';
import {nodeBaseImage, preloadImage} from './images.ts';
import {kubernetes} from './kubernetes.ts';
import {nodejs, runtime} from './runtime.ts';

export const nodeImage = imageTask({
  id: 'build/node-image',
  title: 'Build the node image',
  needs: [nodeBaseImage.id, preloadImage.id, containerd.id, kubernetes.id, runtime.id, nodejs.id],
  inputs: async () => ({
    dockerfile: await digestOfTree(imageSource('node')),
    unit: await digestOfTree(join(project.manifests, 'node')),
  }),
  async make(tag, context, running) {
    const {stack, dirs} = context;
    const of = (id: string, file: string): string => join(artifactOf(id, context, running), file);
    await inScratch(dirs, 'node', running.fingerprint, async (directory) => {
      await cp(imageSource('node'), directory, {recursive: true});
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
      await place(join(directory, 'kni'), [of(runtime.id, 'kni-runtime.mjs')]);
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
