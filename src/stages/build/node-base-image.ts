/** Makes the base of the node image: a kind node without the programs that the demo patches. */

import {cp} from 'node:fs/promises';
import {join} from 'node:path';
import {digestOfTree} from '../../cache/digest.ts';
import {recordPulledImage} from '../../cache/images.ts';
import {tagImage} from '../../tools/docker.ts';
import {baseImage} from '../init/base-image.ts';
import {makeImage} from '../lib/container.ts';
import {artifactOf, imageOf, imageTask} from '../lib/products.ts';
import {imageSource} from '../lib/project-files.ts';
import {pull} from '../lib/pull.ts';
import {inScratch} from '../lib/scratch.ts';
import {sourceIdOf} from '../lib/source-id.ts';
import {builtNodeOf, publishedNodeOf} from '../lib/stack-parts.ts';

export const nodeBaseId = 'build/node-base-image';

/** Everything of a kind node that comes from Debian and from kind; Kubernetes is added later. */
export const buildNodeBase = imageTask({
  id: nodeBaseId,
  title: 'Build the base of the node image',
  needs: [baseImage.id, sourceIdOf('kind')],
  inputs: async ({stack}) => ({
    packages: builtNodeOf(stack).packages,
    dockerfile: await digestOfTree(imageSource('node-base')),
  }),
  async make(tag, context, running) {
    const {kind, packages} = builtNodeOf(context.stack);
    const source = artifactOf(sourceIdOf('kind'), context, running);
    const [tarball] = kind.files;
    if (tarball === undefined) throw new TypeError('the schema requires at least one file');
    await inScratch(context.dirs, 'node-base', running.fingerprint, async (directory) => {
      await cp(join(imageSource('node-base'), 'Dockerfile'), join(directory, 'Dockerfile'));
      const select = ['--strip-components=3', '--wildcards'];
      await context.host.run(
        ['tar', ['-C', directory, ...select, '-xf', join(source, tarball.name), '*/images/base/files']],
        {signal: running.signal, onLine: running.log},
      );
      const args = {BASE: imageOf(baseImage.id, running), PACKAGES: packages.join(' ')};
      await makeImage({tag, context: directory, args}, context, running);
    });
  },
});

/** A complete node image that kind published. The demo replaces some of its programs. */
export const pullNodeBase = imageTask({
  id: nodeBaseId,
  title: 'Pull the base of the node image',
  // The base image's task has checked that the docker engine works.
  needs: [baseImage.id],
  inputs: ({stack}) => ({image: publishedNodeOf(stack).image}),
  async make(tag, {host, dirs, stack}, {signal, log}) {
    const {image} = publishedNodeOf(stack);
    await recordPulledImage(dirs, image);
    const tryThis = 'check the network and the proxy of the docker engine; nothing was kept';
    await pull(image, tryThis, {host, signal, log});
    await host.run(tagImage(image, tag), {signal});
  },
});
