/** init: pinned sources are in the cache, checked and patched, and there is something to build them in. */

import {components} from '../../stacks/own-source.ts';
import type {Stack} from '../../stacks/schema.ts';
import type {DemoTask} from '../context.ts';
import {baseImage, builderImage} from './base-image.ts';
import {kindSource, pinnedSource} from './sources.ts';
import {pinnedTree} from './tree.ts';

export const initTasks = (stack: Stack): readonly DemoTask[] => [
  baseImage,
  builderImage,
  ...components.map((component) => pinnedSource(component, stack)),
  ...(stack.node.from === 'debian' ? [kindSource(stack.node.kind, stack)] : []),
  ...components.map(pinnedTree),
];
