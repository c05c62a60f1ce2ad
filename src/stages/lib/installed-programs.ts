/** A file on each node that records which builds run there. It is in the node's container, and disappears with it. */

import {z} from 'zod';
import {readJson} from '../../json.ts';
import {components} from '../../stacks/own-source.ts';

/** The replaceable parts of a node, in the order of replacement. The kubelet is last, because it needs containerd. */
export const parts = ['runtime', ...components.toReversed()] as const;
export type Part = (typeof parts)[number];

export const installedPrograms = {
  name: 'own-programs.json',
  path: '/opt/kni/own-programs.json',
  schema: z.partialRecord(z.enum(parts), z.string()),
} as const;

/** The tag of each part's build. A part that is absent is the node image's own. */
export type InstalledPrograms = {[Name in Part]?: string | undefined};

/** `text` is the content of the file. */
export const readInstalledFrom = (text: string, node: string): InstalledPrograms =>
  readJson(installedPrograms.schema, text, `${installedPrograms.path} of ${node}`);

/** The parts that `up` would replace. */
export const differences = (installed: InstalledPrograms, wanted: InstalledPrograms): readonly Part[] =>
  parts.filter((part) => installed[part] !== wanted[part]);
