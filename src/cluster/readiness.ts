/** Whether the nodes are Ready, and if not, the reason the API server gives. */

import {z} from 'zod';
import type {Host} from '../host/host.ts';
import {readJson} from '../json.ts';
import {getJson} from '../tools/kubectl.ts';

export interface NodeReadiness {
  readonly name: string;
  readonly ready: boolean;
  /** The Ready condition's message: it carries the network runtime's own words. */
  readonly message: string;
}

const nodeList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({name: z.string()}),
      status: z
        .object({
          conditions: z
            .array(z.object({type: z.string(), status: z.string(), message: z.string().optional()}))
            .optional(),
        })
        .optional(),
    }),
  ),
});

export const nodeReadiness = async (
  controlPlane: Host,
  signal?: AbortSignal,
): Promise<readonly NodeReadiness[]> => {
  const {stdout} = await controlPlane.run(getJson('nodes'), signal && {signal});
  return readJson(nodeList, stdout, 'the list of nodes').items.map(({metadata, status}) => {
    const condition = status?.conditions?.find(({type}) => type === 'Ready');
    return {
      name: metadata.name,
      ready: condition?.status === 'True',
      message: condition?.message ?? 'no condition reported yet',
    };
  });
};

const leaseList = z.object({
  items: z.array(z.object({metadata: z.object({name: z.string()}), spec: z.object({renewTime: z.string()})})),
});

/** When each node's kubelet last renewed its lease: milliseconds since the epoch, by node; every 10 s by default. */
export const leaseRenewals = async (
  controlPlane: Host,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> => {
  const {stdout} = await controlPlane.run(getJson('-n', 'kube-node-lease', 'leases'), {signal});
  const {items} = readJson(leaseList, stdout, 'the leases of the nodes');
  return new Map(items.map(({metadata, spec}) => [metadata.name, Date.parse(spec.renewTime)]));
};
