/** Projects a CNI result (CNI spec, section 5, "ADD Success") onto what the pod itself has. */
import {isIP} from 'node:net';
import {arrayOf, objectOf, stringOf} from '../json.ts';
import type {Attachment} from './attachment.ts';

export interface PodInterface {
  readonly name: string;
  readonly mac: string;
  /** Without prefix length. */
  readonly ips: readonly string[];
}

/**
 * A result names interfaces on both sides: those of the pod carry its netns as `sandbox`, and the addresses point to
 * them by index. Without an index an address belongs to the interface that was asked for.
 */
export const podInterfacesOf = (attachment: Attachment, netns: string): PodInterface[] => {
  const result = objectOf(JSON.parse(attachment.result ?? '{}'));
  const named = arrayOf(result['interfaces']).map(objectOf);
  const found = new Map<string, {mac: string; ips: string[]}>();
  for (const each of named) {
    const name = stringOf(each['name']);
    if (name && each['sandbox'] === netns) found.set(name, {mac: stringOf(each['mac']) ?? '', ips: []});
  }
  for (const each of arrayOf(result['ips']).map(objectOf)) {
    const ip = addressOf(each['address']);
    const index = each['interface'];
    const holder = typeof index === 'number' ? named[index] : {name: attachment.ifName, sandbox: netns};
    const name = stringOf(holder?.['name']);
    if (ip === undefined || !name || holder?.['sandbox'] !== netns) continue;
    const known = found.get(name) ?? {mac: '', ips: []};
    found.set(name, {...known, ips: [...known.ips, ip]});
  }
  return Array.from(found, ([name, {mac, ips}]) => ({name, mac, ips}));
};

/** Names of the interfaces that an attachment has on the node: those without a `sandbox`, bridges included. */
export const hostInterfacesOf = ({result}: Attachment): string[] =>
  arrayOf(objectOf(JSON.parse(result ?? '{}'))['interfaces'])
    .map(objectOf)
    .filter(({sandbox}) => sandbox === undefined || sandbox === '')
    .flatMap(({name}) => stringOf(name) ?? []);

const addressOf = (address: unknown): string | undefined => {
  const ip = stringOf(address)?.split('/')[0];
  return ip !== undefined && isIP(ip) !== 0 ? ip : undefined;
};
