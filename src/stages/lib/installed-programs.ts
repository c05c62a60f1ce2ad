/** A file on each node that says which builds run there. It lies in the container, so it disappears with it. */

import {z} from 'zod';
import {components} from '../../stacks/own-source.ts';

/** Parts of a node that can be replaced, in this order: the kubelet waits for containerd anyway. */
export const parts = ['runtime', ...components.toReversed()] as const;
export type Part = (typeof parts)[number];

export const installedPrograms = {
  name: 'own-programs.json',
  path: '/opt/kni/own-programs.json',
  schema: z.partialRecord(z.enum(parts), z.string()),
} as const;

/** The tag of each part's build. A part that is absent is the node image's own. */
export type InstalledPrograms = {[Name in Part]?: string | undefined};
