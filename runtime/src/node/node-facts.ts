/** What the network runtime wants to know of a Kubernetes node. */
import {isIPv4} from 'node:net';
import {arrayOf, objectOf, stringOf} from '../json.ts';

export interface NodeFacts {
  readonly name: string;
  /** Empty until the controller manager has assigned it. */
  readonly podCidr: string;
  readonly internalIp: string;
}

/** IPv4 only: of a dual-stack node, its IPv4 side. */
export const nodeFactsOf = (node: unknown): NodeFacts => {
  const spec = objectOf(objectOf(node)['spec']);
  const cidrs = [spec['podCIDR'], ...arrayOf(spec['podCIDRs'])].map(stringOf);
  const addresses = arrayOf(objectOf(objectOf(node)['status'])['addresses']).map(objectOf);
  const internal = addresses.filter(({type}) => type === 'InternalIP').map(({address}) => stringOf(address));
  return {
    name: stringOf(objectOf(objectOf(node)['metadata'])['name']) ?? '',
    podCidr: cidrs.find(isIPv4Cidr) ?? '',
    internalIp: internal.find((ip) => ip !== undefined && isIPv4(ip)) ?? '',
  };
};

export const isIPv4Cidr = (cidr: string | undefined): cidr is string => {
  const [ip = '', bits = '', ...rest] = cidr?.split('/') ?? [];
  return isIPv4(ip) && /^\d{1,2}$/.test(bits) && Number(bits) <= 32 && rest.length === 0;
};
