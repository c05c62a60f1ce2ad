/** Adds the Go libraries that Debian's containerd takes from packages instead of its vendor tree. */

import {digestOfTree} from '../../cache/digest.ts';
import {builderImage} from '../init/builder-image.ts';
import {makeImage} from '../lib/container.ts';
import {imageOf, imageTask} from '../lib/products.ts';
import {imageSource} from '../lib/project-files.ts';

export const containerdBuilderImage = imageTask({
  id: 'build/containerd-builder-image',
  title: 'Build the containerd builder image',
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
