/** Builds containerd, its shim and ctr from the patched tree. */

import {releaseOf} from '../../stacks/schema.ts';
import type {DemoTask} from '../context.ts';
import {treeIdOf} from '../init/tree.ts';
import {containerdBuildTask} from '../lib/containerd-build.ts';

export const containerdId = 'build/containerd';
export const containerdPrograms = ['containerd', 'containerd-shim-runc-v2', 'ctr'] as const;

/** `builder` is the task that makes the builder image. */
export const buildContainerd = (builder: DemoTask): DemoTask =>
  containerdBuildTask({
    id: containerdId,
    title: 'Build containerd, its shim and ctr',
    builder: builder.id,
    tree: treeIdOf('containerd'),
    version: ({stack}) => stack.containerd.version,
    revision: ({stack}) => releaseOf(stack.containerd.source),
  });
