/** build: programs out of the patched trees, the bundled network runtime, the images, and the node image of it all. */

import type {DemoTask} from '../context.ts';
import {containerd, containerdBuilderImage} from './containerd.ts';
import {images, nodeBaseImage, preloadImage} from './images.ts';
import {kubernetes, pause} from './kubernetes.ts';
import {nodeImage, nodeSystemImage} from './node-image.ts';
import {nodejs, runtime} from './runtime.ts';

export const build = {
  kubernetes,
  pause,
  containerdBuilderImage,
  containerd,
  nodeBaseImage,
  images,
  runtime,
  nodejs,
  preloadImage,
  nodeSystemImage,
  nodeImage,
} as const satisfies Record<string, DemoTask>;
