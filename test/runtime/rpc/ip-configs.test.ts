import {create, toBinary} from '@bufbuild/protobuf';
import {describe, expect, it} from 'vitest';
import type {Attachment} from '../../../runtime/src/cni/attachment.ts';
import {
  AttachInterfaceResponseSchema,
  QueryPodNetworkResponseSchema,
} from '../../../runtime/src/gen/kni_pb.ts';
import type {PodNetworkRecord} from '../../../runtime/src/network/record.ts';
import {encodedAnswerOf} from '../../../runtime/src/rpc/encoded-answer.ts';
import {answerOf, describeIpConfigs} from '../../../runtime/src/rpc/ip-configs.ts';

const netns = '/run/netns/kni-x';
const attachment = (ifName: string, result: object): Attachment => ({
  network: 'net',
  ifName,
  config: '',
  cniArgs: [],
  capabilityArgs: {},
  result: JSON.stringify(result),
});
const network = (...attachments: Attachment[]): PodNetworkRecord => ({
  key: 'k',
  pod: {namespace: 'default', name: 'web', uid: ''},
  attempt: '0',
  netns,
  state: 'attached',
  sandbox: 'box',
  attachments,
});

describe('the ipconfigs of a pod', () => {
  const lo = attachment('lo', {
    interfaces: [{name: 'lo', sandbox: netns}],
    ips: [{address: '127.0.0.1/8', interface: 0}],
  });
  const eth0 = attachment('eth0', {
    interfaces: [
      {name: 'kni0'},
      {name: 'extra', mac: 'aa:02', sandbox: netns},
      {name: 'eth0', mac: 'aa:01', sandbox: netns},
    ],
    ips: [
      {address: '10.1.0.2/24', interface: 1},
      {address: '10.244.1.2/24', interface: 2},
      {address: 'fd00::2/64', interface: 2},
    ],
  });

  it('begin with eth0, and have neither lo nor what is on the node', () => {
    const {ipconfigs} = answerOf(network(lo, eth0));
    expect(Object.entries(ipconfigs).map(([name, {ip, mac}]) => [name, ip, mac])).toEqual([
      ['eth0', ['10.244.1.2', 'fd00::2'], 'aa:01'],
      ['extra', ['10.1.0.2'], 'aa:02'],
    ]);
  });

  it('have the addresses of an interface from the network that attached it', () => {
    const first = attachment('eth0', {
      interfaces: [
        {name: 'eth0', sandbox: netns},
        {name: 'net1', sandbox: netns},
      ],
      ips: [
        {address: '10.244.1.2/24', interface: 0},
        {address: '10.244.1.3/24', interface: 1},
      ],
    });
    const net1 = attachment('net1', {
      interfaces: [
        {name: 'eth0', sandbox: netns},
        {name: 'net1', sandbox: netns},
      ],
      ips: [
        {address: '10.9.0.2/24', interface: 0},
        {address: '10.9.0.3/24', interface: 1},
      ],
    });
    const {ipconfigs} = answerOf(network(first, net1));
    expect(Object.entries(ipconfigs).map(([name, {ip}]) => [name, ip])).toEqual([
      ['eth0', ['10.244.1.2']],
      ['net1', ['10.9.0.3']],
    ]);
  });

  it('are encoded once for each record, and the same way in both responses', () => {
    const record = network(lo, eth0);
    const answer = answerOf(record);
    const {bytes, described} = encodedAnswerOf(record);
    expect(bytes).toEqual(
      toBinary(QueryPodNetworkResponseSchema, create(QueryPodNetworkResponseSchema, answer)),
    );
    expect(bytes).toEqual(
      toBinary(AttachInterfaceResponseSchema, create(AttachInterfaceResponseSchema, answer)),
    );
    expect(described).toBe(describeIpConfigs(answer.ipconfigs));
    expect(encodedAnswerOf(record).bytes).toBe(bytes);
    expect(encodedAnswerOf({...record, attachments: []}).bytes).not.toEqual(bytes);
  });

  it('have an unchanged log line', () => {
    expect(describeIpConfigs(answerOf(network(lo, eth0)).ipconfigs)).toBe(
      'map[eth0:ip:"10.244.1.2" ip:"fd00::2" mac:"aa:01" extra:ip:"10.1.0.2" mac:"aa:02"]',
    );
  });
});
