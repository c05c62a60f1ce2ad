/** The address ranges of the nodes, as the API server assigned them. */

import {z} from 'zod';
import type {Host} from '../host/host.ts';
import {readJson} from '../json.ts';
import {getJson} from '../tools/kubectl.ts';

const nodeList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({name: z.string()}),
      spec: z.object({podCIDRs: z.array(z.string()).default([])}),
    }),
  ),
});

/** By node; at most one range of each IP family. */
export const podCidrsOf = async (
  controlPlane: Host,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> => {
  const {stdout} = await controlPlane.run(getJson('nodes'), {signal});
  const {items} = readJson(nodeList, stdout, 'the list of nodes');
  return new Map(items.map(({metadata, spec}) => [metadata.name, spec.podCIDRs]));
};
