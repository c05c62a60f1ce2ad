/** Converts a record to the answer of KNI. */
import {create} from '@bufbuild/protobuf';
import type {Attachment} from '../cni/attachment.ts';
import {type ResultDetails, readResult} from '../cni/result.ts';
import {type IPConfig, IPConfigSchema} from '../gen/kni_pb.ts';
import {type PodNetworkRecord, shownAttachments} from '../network/record.ts';

export interface Answer {
  /** The pod's interfaces in the order of their attachment, so that eth0 is first. Does not contain `lo`. */
  readonly ipconfigs: Record<string, IPConfig>;
  /** The netns, and the DNS settings from the plugins as JSON. */
  readonly extradata: Record<string, string>;
}

export const answerOf = (network: PodNetworkRecord): Answer => {
  const {netns} = network;
  const recorded = shownAttachments(network).map((attachment) => ({
    ...attachment,
    ...readResult(attachment, netns),
  }));
  const attached = new Set(recorded.map(({ifName}) => ifName));
  const dns = recorded.map((each) => each.dns).find(hasDns);
  return {
    ipconfigs: Object.fromEntries(recorded.flatMap((each) => ipConfigsOf(each, attached))),
    extradata: withoutEmpty({netns, dns: dns ? JSON.stringify(dns) : ''}),
  };
};

/**
 * The entries of one attachment, by interface name. Its plugins may report interfaces of other attachments, `attached`: they must not
 * replace the addresses there.
 */
const ipConfigsOf = (
  {network, ifName, interfaces}: Attachment & ResultDetails,
  attached: ReadonlySet<string>,
): [string, IPConfig][] => {
  const own = interfaces.filter(({name}) => name === ifName || !attached.has(name));
  return primaryFirst(own, ifName).map(({name, mac, mtu, addresses}) => {
    const gateways = [...new Set(addresses.flatMap(({gateway}) => (gateway ? [gateway] : [])))];
    const extradata = withoutEmpty({
      prefixes: addresses.map(({cidr}) => cidr).join(),
      gateway: gateways.join(),
      mtu: mtu ? String(mtu) : '',
      network,
    });
    return [name, create(IPConfigSchema, {ip: addresses.map(({ip}) => ip), mac, extradata})];
  });
};

const hasDns = (dns: Readonly<Record<string, unknown>>): boolean =>
  Object.values(dns).some((value) => (Array.isArray(value) ? value.length > 0 : Boolean(value)));

const withoutEmpty = (fields: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));

/** The text for the log line `ipconfigs received`: protobuf text format, which readers of the log depend on. */
export const describeIpConfigs = (ipconfigs: Readonly<Record<string, IPConfig>>): string => {
  const described = Object.entries(ipconfigs).map(([name, {ip, mac}]) => {
    const fields = [...ip.map((address) => `ip:"${address}"`), ...(mac ? [`mac:"${mac}"`] : [])];
    return `${name}:${fields.join(' ')}`;
  });
  return `map[${described.join(' ')}]`;
};

const primaryFirst = <T extends {readonly name: string}>(interfaces: readonly T[], ifName: string): T[] => [
  ...interfaces.filter(({name}) => name === ifName),
  ...interfaces.filter(({name}) => name !== ifName),
];
