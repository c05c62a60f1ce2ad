/** Imports the images into containerd's content store, in a separate image: other changes do not repeat the import. */

import {cp} from 'node:fs/promises';
import {join} from 'node:path';
import {digestOfTree} from '../../cache/digest.ts';
import {makeImage} from '../lib/container.ts';
import {artifactOf, imageOf, imageTask} from '../lib/products.ts';
import {imageSource, scriptDigest, scriptPath} from '../lib/project-files.ts';
import {inScratch, linkInto} from '../lib/scratch.ts';
import {containerdId, containerdPrograms} from './containerd.ts';
import {imagesFile, imagesId} from './images.ts';
import {nodeBaseId} from './node-base-image.ts';

const script = 'preload-images.sh';

export const preloadImage = imageTask({
  id: 'build/preload-image',
  title: 'Preload the images into containerd',
  needs: [nodeBaseId, containerdId, imagesId],
  inputs: async () => ({
    dockerfile: await digestOfTree(imageSource('preload')),
    script: await scriptDigest(script),
  }),
  async make(tag, context, running) {
    const containerd = artifactOf(containerdId, context, running);
    await inScratch(context.dirs, 'preload', running.fingerprint, async (directory) => {
      await cp(imageSource('preload'), directory, {recursive: true});
      await cp(scriptPath(script), join(directory, script));
      await linkInto(
        join(directory, 'bin'),
        containerdPrograms.map((name) => join(containerd, name)),
      );
      await linkInto(join(directory, 'images'), [join(artifactOf(imagesId, context, running), imagesFile)]);
      const args = {BASE: imageOf(nodeBaseId, running)};
      await makeImage({tag, context: directory, args}, context, running);
    });
  },
});
