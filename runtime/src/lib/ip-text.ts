/** Validates addresses and subnets as text. */
import {isIP} from 'node:net';

/** Refuses a zone, as in fe80::1%eth0: it is only valid on one node, and programs written in Go cannot parse it. */
export const isAddress = (value: unknown): value is string =>
  typeof value === 'string' && isIP(value) !== 0 && !value.includes('%');

/** An address with a prefix length. */
export const isSubnet = (value: unknown): value is string => {
  if (typeof value !== 'string') return false;
  const [ip = '', bits = '', ...rest] = value.split('/');
  const isPrefix = /^\d{1,3}$/.test(bits) && Number(bits) <= (isIP(ip) === 4 ? 32 : 128);
  return isAddress(ip) && isPrefix && rest.length === 0;
};
