/** Adds Debian's Go libraries for gRPC and netlink to the builder image: `kni-demo runtime` compiles network runtimes in Go in it. */

import {digestOfTree} from '../../cache/digest.ts';
import {builderImage} from '../init/builder-image.ts';
import {makeImage} from '../lib/container.ts';
import {imageOf, imageTask} from '../lib/products.ts';
import {imageSource} from '../lib/project-files.ts';

export const goRuntimeBuilderImage = imageTask({
  id: 'build/go-runtime-builder-image',
  title: 'Build the image that compiles network runtimes in Go',
  needs: [builderImage.id],
  inputs: async () => ({dockerfile: await digestOfTree(imageSource('go-runtime-builder'))}),
  async make(tag, context, running) {
    const args = {BASE: imageOf(builderImage.id, running)};
    await makeImage({tag, context: imageSource('go-runtime-builder'), args}, context, running);
  },
});
