/** Reads a CNI result (CNI spec, section 5, "ADD Success"): interfaces of pod and node, addresses, routes, DNS. */
import {isIP} from 'node:net';
import {arrayOf, type JsonObject, objectOf, stringOf} from '../lib/json.ts';
import type {Attachment} from './attachment.ts';
import {resultInVersion} from './result-versions.ts';

export interface ResultDetails {
  /** Interfaces in the pod. */
  readonly interfaces: readonly ResultInterface[];
  /** Names of interfaces on the node. */
  readonly hostInterfaces: readonly string[];
  readonly routes: readonly {readonly to: string; readonly via: string}[];
  readonly dns: ResultDns;
}

export interface ResultInterface {
  readonly name: string;
  readonly mac: string;
  /** 0 if unknown: only CNI 1.1.0 has it. */
  readonly mtu: number;
  readonly addresses: readonly ResultAddress[];
}

export interface ResultAddress {
  readonly ip: string;
  /** The address with its prefix length. */
  readonly cidr: string;
  readonly gateway: string;
}

/** The names of the fields are part of the wire format: `extradata` carries this as JSON. */
export type ResultDns = Readonly<{
  servers: readonly string[];
  domain: string;
  searches: readonly string[];
  options: readonly string[];
}>;

/** An address without an interface index belongs to the interface of the attachment. */
export const readResult = (attachment: Attachment, netns: string): ResultDetails => {
  const result = resultOf(attachment);
  const named = arrayOf(result['interfaces']).map(objectOf);
  const found = new Map<string, ResultInterface>();
  for (const each of named) {
    const name = stringOf(each['name']);
    if (!name || each['sandbox'] !== netns) continue;
    found.set(name, {name, mac: stringOf(each['mac']) ?? '', mtu: numberOf(each['mtu']), addresses: []});
  }
  for (const each of arrayOf(result['ips']).map(objectOf)) {
    const address = addressOf(each);
    const index = each['interface'];
    const holder = typeof index === 'number' ? named[index] : {name: attachment.ifName, sandbox: netns};
    const name = stringOf(holder?.['name']);
    if (!address || !name || holder?.['sandbox'] !== netns) continue;
    const known = found.get(name) ?? {name, mac: '', mtu: 0, addresses: []};
    found.set(name, {...known, addresses: [...known.addresses, address]});
  }
  const dns = objectOf(result['dns']);
  return {
    interfaces: [...found.values()],
    hostInterfaces: named.flatMap(({name, sandbox}) => (sandbox || !stringOf(name) ? [] : [String(name)])),
    routes: arrayOf(result['routes'])
      .map(objectOf)
      .map(({dst, gw}) => ({to: stringOf(dst) ?? '', via: stringOf(gw) ?? ''})),
    dns: {
      servers: strings(dns['nameservers']),
      domain: stringOf(dns['domain']) ?? '',
      searches: strings(dns['search']),
      options: strings(dns['options']),
    },
  };
};

/** Results of CNI 0.1.0 and 0.2.0 have other members for addresses and routes. */
const resultOf = ({result: text = '{}'}: Attachment): JsonObject => {
  const result = objectOf(JSON.parse(text));
  return 'ip4' in result || 'ip6' in result ? objectOf(JSON.parse(resultInVersion(text, '1.1.0'))) : result;
};

/** Names of all node interfaces of an attachment, including bridges. */
export const hostInterfacesOf = ({result, hostInterfaces = []}: Attachment): readonly string[] => [
  ...hostInterfaces,
  ...(result === undefined ? [] : hostInterfacesIn(result)),
];

/** Names of the node interfaces in one result. */
export const hostInterfacesIn = (result: string): string[] =>
  arrayOf(objectOf(JSON.parse(result))['interfaces'])
    .map(objectOf)
    .flatMap(({name, sandbox}) => (sandbox || !stringOf(name) ? [] : [String(name)]));

const addressOf = ({address, gateway}: Readonly<Record<string, unknown>>): ResultAddress | undefined => {
  const cidr = stringOf(address) ?? '';
  const ip = cidr.split('/')[0] ?? '';
  return isIP(ip) === 0 ? undefined : {ip, cidr, gateway: stringOf(gateway) ?? ''};
};

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);

const strings = (value: unknown): string[] => arrayOf(value).flatMap((each) => stringOf(each) ?? []);
