/** init: pinned sources are in the cache, checked and patched, and there is something to build them in. */

import type {DemoTask} from '../context.ts';
import {baseImage, builderImage} from './images.ts';
import {containerdSource, kindSource, kubernetesSource} from './sources.ts';
import {containerdTree, kubernetesTree} from './trees.ts';

export const init = {
  baseImage,
  builderImage,
  kubernetesSource,
  containerdSource,
  kindSource,
  kubernetesTree,
  containerdTree,
} as const satisfies Record<string, DemoTask>;
