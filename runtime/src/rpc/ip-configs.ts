/** Projects an attached network onto the ipconfigs of KNI. */
import {create} from '@bufbuild/protobuf';
import type {Attachment} from '../cni/attachment.ts';
import {type ResultDetails, readResult} from '../cni/result.ts';
import {type IPConfig, IPConfigSchema} from '../gen/kni_pb.ts';
import {type PodNetworkRecord, shownAttachments} from '../network/record.ts';

export interface Answer {
  /** The pod's interfaces in the order they were attached, so that eth0 is first; `lo` is no address of a pod. */
  readonly ipconfigs: Record<string, IPConfig>;
  /** What is said of the whole: the netns, and as JSON the DNS settings that plugins have answered. */
  readonly extradata: Record<string, string>;
}

export const answerOf = (network: PodNetworkRecord): Answer => {
  const {netns} = network;
  const recorded = shownAttachments(network).map((attachment) => ({
    ...attachment,
    ...readResult(attachment, netns),
  }));
  const dns = recorded.map((each) => each.dns).find(hasDns);
  return {
    ipconfigs: Object.fromEntries(recorded.flatMap(ipConfigsOf)),
    extradata: withoutEmpty({netns, dns: dns ? JSON.stringify(dns) : ''}),
  };
};

/** Of one attachment, by the names of the interfaces. */
const ipConfigsOf = ({network, ifName, interfaces}: Attachment & ResultDetails): [string, IPConfig][] =>
  primaryFirst(interfaces, ifName).map(({name, mac, mtu, addresses}) => {
    const gateways = [...new Set(addresses.flatMap(({gateway}) => (gateway ? [gateway] : [])))];
    const extradata = withoutEmpty({
      prefixes: addresses.map(({cidr}) => cidr).join(),
      gateway: gateways.join(),
      mtu: mtu ? String(mtu) : '',
      network,
    });
    return [name, create(IPConfigSchema, {ip: addresses.map(({ip}) => ip), mac, extradata})];
  });

const hasDns = (dns: Readonly<Record<string, unknown>>): boolean =>
  Object.values(dns).some((value) => (Array.isArray(value) ? value.length > 0 : Boolean(value)));

const withoutEmpty = (fields: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));

/** As it has always been written to the log, in the text format of protobuf. */
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
