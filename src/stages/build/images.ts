/** What the node image is made from: its base, and the images that a node must not have to pull. */

import {cp} from 'node:fs/promises';
import {join} from 'node:path';
import {digestOfTree} from '../../cache/digest.ts';
import {makeImage, runStep} from '../container.ts';
import {imageSource, inScratch, place, scriptDigest} from '../files.ts';
import {init} from '../init/init.ts';
import {artifactOf, artifactTask, imageOf, imageTask} from '../products.ts';
import {containerd, containerdPrograms} from './containerd.ts';
import {kubernetes, pause} from './kubernetes.ts';

/** Everything of a kind node that comes from Debian and from kind; Kubernetes comes on top. */
export const nodeBaseImage = imageTask({
  id: 'build/node-base-image',
  title: 'Make the base of the node image',
  needs: [init.baseImage.id, init.kindSource.id],
  inputs: async ({stack}) => ({
    packages: stack.packages.node,
    dockerfile: await digestOfTree(imageSource('node-base')),
  }),
  async make(tag, context, running) {
    const {host, stack} = context;
    const source = artifactOf(init.kindSource.id, context, running);
    const [tarball] = stack.kind.source.files;
    if (tarball === undefined) throw new TypeError('the schema asks for one file at least');
    await inScratch(context.dirs, 'node-base', running.fingerprint, async (directory) => {
      await cp(join(imageSource('node-base'), 'Dockerfile'), join(directory, 'Dockerfile'));
      const files = '--strip-components=3';
      await host.run(
        [
          'tar',
          ['-C', directory, files, '--wildcards', '-xf', join(source, tarball.name), '*/images/base/files'],
        ],
        {signal: running.signal, onLine: running.log},
      );
      const args = {BASE: imageOf(init.baseImage.id, running), PACKAGES: stack.packages.node.join(' ')};
      await makeImage({tag, context: directory, args}, context, running);
    });
  },
});

/** One archive of all images that the nodes are preloaded with. */
export const images = artifactTask({
  id: 'build/images',
  title: 'Make the images of the control plane, etcd, pause and the sample',
  needs: [nodeBaseImage.id, kubernetes.id, pause.id],
  inputs: async ({stack}) => ({images: stack.images, script: await scriptDigest('build-images.sh')}),
  async fill(out, context, running) {
    const {
      kubernetes: {version},
      images: names,
    } = context.stack;
    const mounts = [
      {from: artifactOf(kubernetes.id, context, running), to: '/kubernetes', readOnly: true},
      {from: artifactOf(pause.id, context, running), to: '/pause', readOnly: true},
    ];
    const env = {
      VERSION: version,
      REPOSITORY: names.repository,
      PAUSE: names.pause,
      ETCD: names.etcd,
      SAMPLE: names.sample,
    };
    await runStep(
      {image: imageOf(nodeBaseImage.id, running), mounts, env, out, script: ['build-images.sh']},
      context,
      running,
    );
  },
});

/** An image of its own, so that a change of the kubelet or the runtime does not import half a gigabyte again. */
export const preloadImage = imageTask({
  id: 'build/preload-image',
  title: 'Import the images into a content store',
  needs: [nodeBaseImage.id, containerd.id, images.id],
  inputs: async () => ({dockerfile: await digestOfTree(imageSource('preload'))}),
  async make(tag, context, running) {
    const of = (id: string, file: string): string => join(artifactOf(id, context, running), file);
    await inScratch(context.dirs, 'preload', running.fingerprint, async (directory) => {
      await cp(imageSource('preload'), directory, {recursive: true});
      await place(
        join(directory, 'bin'),
        containerdPrograms.map((name) => of(containerd.id, name)),
      );
      await place(join(directory, 'images'), [of(images.id, 'images.tar')]);
      const args = {BASE: imageOf(nodeBaseImage.id, running)};
      await makeImage({tag, context: directory, args}, context, running);
    });
  },
});
