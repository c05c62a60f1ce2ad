/** Functions for IPv4 and IPv6 addresses and subnets as text, in the canonical form that the kernel prints. */
import ipaddr from 'ipaddr.js';
import {isAddress, isSubnet} from '../lib/ip-text.ts';

export type Family = 4 | 6;

/** The family of an address or subnet. */
export const familyOf = (text: string): Family => (text.includes(':') ? 6 : 4);

export const ofFamily = (texts: readonly string[], family: Family): string | undefined =>
  texts.find((text) => familyOf(text) === family);

/** Keeps the first of each family. */
export const onePerFamily = (texts: readonly string[]): string[] =>
  texts.filter((text, index) => texts.findIndex((other) => familyOf(other) === familyOf(text)) === index);

/** Undefined for an invalid address. */
export const addressFrom = (value: unknown): string | undefined =>
  isAddress(value) ? ipaddr.parse(value).toString() : undefined;

/** Clears the bits after the prefix. Undefined for an invalid subnet. */
export const cidrFrom = (value: unknown): string | undefined => {
  if (!isSubnet(value)) return undefined;
  return `${networkAddressOf(value)}/${Number(value.split('/')[1])}`;
};

/** The first address of a subnet. */
export const networkAddressOf = (cidr: string): string =>
  (familyOf(cidr) === 4 ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(cidr).toString();

/** Whether it can be the address of another node; a kubelet may report any address. */
export const isHostAddress = (ip: string): boolean =>
  !['unspecified', 'loopback', 'multicast', 'broadcast', 'linkLocal'].includes(ipaddr.parse(ip).range());

export const bytesOf = (ip: string): readonly number[] => ipaddr.parse(ip).toByteArray();

export const addressOfBytes = (bytes: readonly number[]): string =>
  ipaddr.fromByteArray([...bytes]).toString();

/** The address as a number, for arithmetic and comparison. */
export const numberOf = (ip: string): bigint =>
  bytesOf(ip).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);

/** The last address of a subnet as a number, including broadcast addresses. */
export const lastNumberOf = (cidr: string): bigint => {
  const bits = (familyOf(cidr) === 4 ? 32 : 128) - Number(cidr.split('/')[1]);
  return numberOf(networkAddressOf(cidr)) + (1n << BigInt(bits)) - 1n;
};

/** A subnet as a range of numbers, for many comparisons. */
export interface Span {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

/** The span of a subnet or a single address. */
export const spanOf = (text: string): Span => {
  const family = familyOf(text);
  const cidr = text.includes('/') ? text : `${text}/${family === 4 ? 32 : 128}`;
  return {family, first: numberOf(networkAddressOf(cidr)), last: lastNumberOf(cidr)};
};

export const overlaps = (one: Span, other: Span): boolean =>
  one.family === other.family && one.first <= other.last && other.first <= one.last;

export const isWithin = (inner: Span, outer: Span): boolean =>
  inner.family === outer.family && outer.first <= inner.first && inner.last <= outer.last;
