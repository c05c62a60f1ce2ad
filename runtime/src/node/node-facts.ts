/** What the network runtime wants to know of a Kubernetes node. */
import {arrayOf, objectOf, stringOf} from '../json.ts';
import {addressFrom, cidrFrom, onePerFamily} from './ip-address.ts';
import type {Resource} from './watch-resource.ts';

export interface NodeFacts {
  readonly name: string;
  /** One of a family at most, in the order of `spec.podCIDRs`; none until the controller manager has assigned them. */
  readonly podCidrs: readonly string[];
  /** One of a family at most, in the order of `status.addresses`. */
  readonly internalIps: readonly string[];
}

export const nodeFactsOf = (node: unknown): NodeFacts => {
  const spec = objectOf(objectOf(node)['spec']);
  const addresses = arrayOf(objectOf(objectOf(node)['status'])['addresses']).map(objectOf);
  return factsFrom({
    name: objectOf(objectOf(node)['metadata'])['name'],
    podCidrs: [spec['podCIDR'], ...arrayOf(spec['podCIDRs'])],
    internalIps: addresses.filter(({type}) => type === 'InternalIP').map(({address}) => address),
  });
};

export const nodesResource: Resource<NodeFacts> = {path: '/api/v1/nodes', itemOf: nodeFactsOf};

/** Whatever is no name, subnet or address is left out. */
export const factsFrom = (read: {
  readonly name: unknown;
  readonly podCidrs: readonly unknown[];
  readonly internalIps: readonly unknown[];
}): NodeFacts => ({
  name: stringOf(read.name) ?? '',
  podCidrs: onePerFamily(read.podCidrs.flatMap((cidr) => cidrFrom(cidr) ?? [])),
  internalIps: onePerFamily(read.internalIps.flatMap((ip) => addressFrom(ip) ?? [])),
});
