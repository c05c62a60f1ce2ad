/** Tells who owns a kind cluster: each node mounts a directory of its owner's state directory. */

import {realpath} from 'node:fs/promises';
import {join} from 'node:path';
import type {Dirs} from '../cache/dirs.ts';
import {exists} from '../cache/files.ts';
import {UserError} from '../errors.ts';
import type {NodeContainer} from '../tools/docker.ts';

export type Ownership =
  | {readonly kind: 'ours'}
  /** `what` follows the cluster's name in a sentence: `was not made by kni-demo`. */
  | {readonly kind: 'foreign'; readonly what: string; readonly why: string};

/** Resolves symbolic links: docker prints the path as kind passed it, and the user's path may differ. */
export const ownerDirectoryOf = async ({state}: Pick<Dirs, 'state'>, name: string): Promise<string> =>
  join(await realpath(state).catch(() => state), 'clusters', name, 'owner');

/** `nodes` are all nodes of the cluster. */
export const ownershipOf = async (
  dirs: Pick<Dirs, 'state'>,
  name: string,
  nodes: readonly NodeContainer[],
): Promise<Ownership> => {
  const directory = await ownerDirectoryOf(dirs, name);
  for (const node of nodes) {
    if (node.stack === undefined)
      return {
        kind: 'foreign',
        what: 'was not made by kni-demo',
        why: `${node.name} runs the image ${node.image}`,
      };
    const other = ownerIn(node);
    if (other !== undefined && !hasMount(node, directory))
      return foreign(
        `${node.name} belongs to the state directory ${other}, and your state directory is ${dirs.state}`,
      );
    // The state directory of another machine or container can have the same path, so check its content.
    const evidence = other === undefined ? join(directory, '../cluster.json') : directory;
    if (!(await exists(evidence))) return foreign(`the state directory ${dirs.state} has no record of it`);
  }
  return {kind: 'ours'};
};

const foreign = (why: string): Ownership => ({kind: 'foreign', what: 'belongs to another user', why});

/** A path may contain commas, which also separate the mounts. */
const hasMount = ({mounts}: NodeContainer, directory: string): boolean =>
  `,${mounts},`.includes(`,${directory},`);

/** The owner's state directory. Undefined for nodes of kni-demo 0.1.0, which have no such mount. */
const ownerIn = ({mounts, cluster}: NodeContainer): string | undefined => {
  const end = `,${mounts},`.indexOf(`/clusters/${cluster}/owner,`);
  if (end === -1) return undefined;
  const before = `,${mounts},`.slice(0, end);
  return before.slice(before.lastIndexOf(',/') + 1);
};

export const isOurs = async (
  dirs: Pick<Dirs, 'state'>,
  name: string,
  nodes: readonly NodeContainer[],
): Promise<boolean> => nodes.length > 0 && (await ownershipOf(dirs, name, nodes)).kind === 'ours';

/** Throws UserError (exit code `conflict`) when the cluster belongs to another user. */
export const refuseForeign = async (
  dirs: Pick<Dirs, 'state'>,
  name: string,
  nodes: readonly NodeContainer[],
): Promise<void> => {
  const ownership = await ownershipOf(dirs, name, nodes);
  if (ownership.kind === 'ours') return;
  throw new UserError({
    what: `cluster ${name} ${ownership.what}`,
    why: ownership.why,
    tryThis:
      'choose another name with --name, or set XDG_STATE_HOME to the state directory that made it; ' +
      `if it is not needed: kind delete cluster --name ${name}`,
    code: 'KNI-E401',
  });
};
