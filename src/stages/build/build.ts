/** build: programs out of the patched trees, the bundled network runtime, the images, and the node image of it all. */

import type {Stack} from '../../stacks/schema.ts';
import type {DemoTask} from '../context.ts';
import {containerdBuilderImage, containerdTask} from './containerd.ts';
import {images, nodeBaseImage, preloadImage} from './images.ts';
import {kubernetesTask, pause} from './kubernetes.ts';
import {nodeImage, nodeSystemImage} from './node-image.ts';
import {nodejs, runtime} from './runtime.ts';

export const buildTasks = (stack: Stack): readonly DemoTask[] => [
  kubernetesTask(stack),
  ...(stack.node.from === 'debian' ? [pause] : []),
  ...(stack.containerd.buildDependencies === undefined ? [] : [containerdBuilderImage]),
  containerdTask(stack),
  nodeBaseImage(stack),
  images(stack),
  runtime,
  nodejs,
  ...(stack.node.from === 'debian' ? [preloadImage] : []),
  nodeSystemImage(stack),
  nodeImage,
];
