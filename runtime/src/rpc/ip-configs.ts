/** Projects an attached network onto the ipconfigs of KNI. */
import {create} from '@bufbuild/protobuf';
import {loopback} from '../cni/loopback.ts';
import {podInterfacesOf} from '../cni/result.ts';
import {type IPConfig, IPConfigSchema} from '../gen/kni_pb.ts';
import type {PodNetwork} from '../network/record.ts';

/** The pod's interfaces in the order they were attached, so that eth0 is first; `lo` is no address of a pod. */
export const ipConfigsOf = ({attachments, netns}: PodNetwork): Record<string, IPConfig> => {
  const interfaces = attachments
    .filter(({ifName}) => ifName !== loopback.ifName)
    .flatMap((attachment) => primaryFirst(podInterfacesOf(attachment, netns), attachment.ifName));
  return Object.fromEntries(
    interfaces.map(({name, mac, ips}) => [name, create(IPConfigSchema, {ip: [...ips], mac})]),
  );
};

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
