/** Reads the addresses of a pod in the node's network. */
import {readResult} from '../cni/result.ts';
import type {PodNetworkRecord} from './record.ts';

/** The pod's interface in the node's network. Kubernetes and its users expect this name. */
export const primaryInterface = 'eth0';

/** Addresses of the record's eth0. After a failed cleanup the pod may no longer have them. */
export const primaryIpsOf = ({
  attachments,
  netns,
}: Pick<PodNetworkRecord, 'attachments' | 'netns'>): string[] => {
  const primary = attachments.find(({ifName}) => ifName === primaryInterface);
  if (primary?.result === undefined) return [];
  return readResult(primary, netns).interfaces.flatMap(({name, addresses}) =>
    name === primaryInterface ? addresses.map(({ip}) => ip) : [],
  );
};
