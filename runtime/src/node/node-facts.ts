/** The fields of a Kubernetes node that the network runtime uses. */
import {arrayOf, objectOf, stringOf} from '../lib/json.ts';
import {addressFrom, cidrFrom, isHostAddress, onePerFamily} from './ip-address.ts';
import type {Resource} from './watch-resource.ts';

export interface NodeFacts {
  readonly name: string;
  /** At most one per IP family, in the order of `spec.podCIDRs`; empty until the controller manager assigns them. */
  readonly podCidrs: readonly string[];
  /** At most one per IP family, in the order of `status.addresses`. */
  readonly internalIps: readonly string[];
  /** `metadata.creationTimestamp`, which sorts by time as text; undefined if unknown. */
  readonly createdAt?: string | undefined;
}

export const nodeFactsOf = (node: unknown): NodeFacts => {
  const spec = objectOf(objectOf(node)['spec']);
  const {name, creationTimestamp} = objectOf(objectOf(node)['metadata']);
  const addresses = arrayOf(objectOf(objectOf(node)['status'])['addresses']).map(objectOf);
  return factsFrom({
    name,
    podCidrs: [spec['podCIDR'], ...arrayOf(spec['podCIDRs'])],
    internalIps: addresses.filter(({type}) => type === 'InternalIP').map(({address}) => address),
    createdAt: creationTimestamp,
  });
};

export const nodesResource: Resource<NodeFacts> = {path: '/api/v1/nodes', itemOf: nodeFactsOf};

/** Drops invalid names, subnets, addresses and timestamps. */
export const factsFrom = (read: {
  readonly name: unknown;
  readonly podCidrs: readonly unknown[];
  readonly internalIps: readonly unknown[];
  readonly createdAt?: unknown;
}): NodeFacts => ({
  name: stringOf(read.name) ?? '',
  podCidrs: onePerFamily(read.podCidrs.flatMap((cidr) => cidrFrom(cidr) ?? [])),
  internalIps: onePerFamily(read.internalIps.flatMap((ip) => addressFrom(ip) ?? []).filter(isHostAddress)),
  ...(isTimestamp(read.createdAt) && {createdAt: read.createdAt}),
});

/** The API server writes timestamps in UTC and without fractions. */
const isTimestamp = (value: unknown): value is string =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value);
