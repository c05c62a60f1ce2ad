/** Ranges of IP addresses in CIDR notation, of both families. */

import {BlockList, isIPv6} from 'node:net';

/** Ranges of different families do not overlap. */
export const overlap = (a: string, b: string): boolean => contains(a, b) || contains(b, a);

const contains = (outer: string, inner: string): boolean => {
  const [address = '', length = ''] = outer.split('/');
  const [innerAddress = ''] = inner.split('/');
  if (isIPv6(address) !== isIPv6(innerAddress)) return false;
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(address, Number(length), family);
  return list.check(innerAddress, family);
};
