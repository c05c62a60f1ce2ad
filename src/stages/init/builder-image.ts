/** Builds the image in which sources are patched and compiled: the base image with compilers. */

import {digestOfTree} from '../../cache/digest.ts';
import {makeImage} from '../lib/container.ts';
import {imageOf, imageTask} from '../lib/products.ts';
import {imageSource} from '../lib/project-files.ts';
import {baseImage} from './base-image.ts';

export const builderImage = imageTask({
  id: 'init/builder-image',
  title: 'Build the builder image',
  needs: [baseImage.id],
  inputs: async ({stack}) => ({
    packages: stack.builder.packages,
    go: stack.builder.go.newer,
    dockerfile: await digestOfTree(imageSource('builder')),
  }),
  async make(tag, context, running) {
    const {packages, go} = context.stack.builder;
    const args = {
      BASE: imageOf(baseImage.id, running),
      PACKAGES: packages.join(' '),
      GO_SUITE: go.newer?.suite ?? '',
      GO_VERSION: go.newer?.version ?? '',
    };
    await makeImage({tag, context: imageSource('builder'), args}, context, running);
  },
});
