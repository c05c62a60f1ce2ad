import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {InvalidRequest} from '../../../runtime/src/network/errors.ts';
import {networkSelectionsFrom} from '../../../runtime/src/network/network-selection.ts';

const read = (annotation: string | undefined) => networkSelectionsFrom(annotation, ['eth0', 'lo']);
const outcomeOf = (text: string): string => {
  try {
    return read(text)
      .map(({name, ifName}) => name + ifName)
      .join('');
  } catch (error) {
    return error instanceof InvalidRequest ? 'refused' : `surprise: ${String(error)}`;
  }
};
const mapping = {hostPort: 80, containerPort: 80, protocol: 'tcp'};
const plain = {namespace: '', capabilityArgs: {}};

describe('the networks that a pod asks for', () => {
  it('are empty without the annotation', () => {
    expect(read(undefined)).toEqual([]);
    expect(read('  ')).toEqual([]);
    expect(read('[]')).toEqual([]);
  });

  it('come in the short form', () => {
    expect(read('one, other/two ,three@eth7')).toEqual([
      {...plain, name: 'one', ifName: 'net1'},
      {...plain, namespace: 'other', name: 'two', ifName: 'net2'},
      {...plain, name: 'three', ifName: 'eth7'},
    ]);
  });

  it('come as JSON, with what is asked of them', () => {
    const bandwidth = {ingressRate: 1000, ingressBurst: 2000};
    const portMappings = [
      {hostPort: 1, containerPort: 65_535, protocol: 'TCP', hostIP: '::1'},
      {hostPort: 80, containerPort: 80, protocol: 'sctp'},
    ];
    const elements = [
      {name: 'one'},
      {
        name: 'two',
        namespace: 'other',
        interface: 'data',
        ips: ['10.1.2.3/24', 'fd00::1'],
        mac: '02:00:00:00:00:0a',
      },
      {name: 'one', bandwidth, portMappings, 'infiniband-guid': 'c2:11:22:33:44:55:66:77'},
    ];
    expect(read(JSON.stringify(elements))).toEqual([
      {...plain, name: 'one', ifName: 'net1'},
      {
        namespace: 'other',
        name: 'two',
        ifName: 'data',
        capabilityArgs: {ips: ['10.1.2.3/24', 'fd00::1'], mac: '02:00:00:00:00:0a'},
      },
      {
        ...plain,
        name: 'one',
        ifName: 'net3',
        capabilityArgs: {bandwidth, portMappings, infinibandGUID: 'c2:11:22:33:44:55:66:77'},
      },
    ]);
  });

  it.each([
    ['[', 'not valid JSON'],
    ['["one"]', 'not a list of objects'],
    ['one,,two', 'not of the form'],
    ['a/b/c', 'not of the form'],
    ['../up', 'invalid'],
    ['[{}]', 'invalid network name'],
    ['[{"name":"one;K=V"}]', 'invalid network name'],
    ['[{"name":"one","namespace":"No"}]', 'invalid namespace'],
    ['one@eth0', 'the same name'],
    ['one@lo', 'the same name'],
    ['one@net2,two', 'the same name'],
    ['one@far-too-long-name', 'invalid interface name'],
    ['[{"name":"one","interface":"a/b"}]', 'invalid interface name'],
    ['[{"name":5}]', 'name must be a string'],
    ['[{"name":"one","namespace":["a"]}]', 'namespace must be a string'],
    ['[{"name":"one","interface":1}]', 'interface must be a string'],
    ['[{"name":"one","default-route":["10.0.0.1"]}]', 'not supported'],
    [Array.from({length: 33}, (_, index) => `n${index}`).join(','), 'more than 32'],
  ])('are refused as %s', (annotation, why) => {
    expect(() => read(annotation)).toThrow(InvalidRequest);
    expect(() => read(annotation)).toThrow(why);
  });

  it.each([
    ['mac', '02:00', 'mac must be six octets'],
    ['mac', null, 'mac must be six octets'],
    ['mac', '02:00:00:00:00:0a:0b', 'mac must be six octets'],
    ['infiniband-guid', 'c2:11:22:33', 'infiniband-guid must be eight octets'],
    ['ips', ['10.0.0.300'], 'ips[0] must be an IP address'],
    ['ips', '10.0.0.3', 'ips must be a list'],
    ['ips', [], 'ips must be a list that is not empty'],
    ['ips', ['10.0.0.3', '10.0.0.3/33'], 'ips[1] must be an IP address'],
    ['ips', ['fe80::1%eth0'], 'ips[0] must be an IP address without a zone'],
    ['ips', ['fe80::1%eth0/64'], 'ips[0] must be an IP address without a zone'],
    ['ips', ['fe80::1/64/64'], 'ips[0] must be an IP address'],
    ['ips', [167_772_163], 'ips[0] must be an IP address'],
    ['bandwidth', '10M', 'bandwidth must be an object'],
    ['bandwidth', {}, 'bandwidth limits nothing'],
    ['bandwidth', {ingressRate: 1000}, 'ingressRate and ingressBurst must be given together'],
    ['bandwidth', {egressBurst: 1000}, 'egressRate and egressBurst must be given together'],
    ['bandwidth', {ingressRate: 0, ingressBurst: 1}, 'bandwidth.ingressRate must be an integer above 0'],
    ['bandwidth', {ingressRate: 1.5, ingressBurst: 1}, 'bandwidth.ingressRate must be an integer above 0'],
    ['bandwidth', {ingressRate: '1', ingressBurst: 1}, 'bandwidth.ingressRate must be an integer above 0'],
    [
      'bandwidth',
      {ingressRate: 1, ingressBurst: 1e20},
      'bandwidth.ingressBurst must be an integer from 1 to 34359738352',
    ],
    ['bandwidth', {rate: 1}, 'bandwidth has an unknown member "rate"'],
    ['portMappings', {}, 'portMappings must be a list'],
    ['portMappings', ['x'], 'portMappings[0] must be an object'],
    [
      'portMappings',
      [{...mapping, hostPort: 0}],
      'portMappings[0].hostPort must be an integer from 1 to 65535',
    ],
    [
      'portMappings',
      [mapping, {...mapping, hostPort: 65_536}],
      'portMappings[1].hostPort must be an integer',
    ],
    ['portMappings', [{...mapping, containerPort: '80'}], 'portMappings[0].containerPort must be an integer'],
    ['portMappings', [{...mapping, protocol: 'icmp'}], 'portMappings[0].protocol must be tcp, udp or sctp'],
    ['portMappings', [{...mapping, hostIP: 'node'}], 'portMappings[0].hostIP must be an IP address'],
    ['portMappings', [{...mapping, hostIP: 'fe80::1%eth0'}], 'portMappings[0].hostIP must be an IP address'],
    ['portMappings', [{hostPort: 80, containerPort: 80}], 'portMappings[0].protocol is missing'],
    ['portMappings', [{...mapping, HOSTPORT: 10_256}], 'portMappings[0] has an unknown member "HOSTPORT"'],
  ])('are refused with %s %j', (key, value, why) => {
    const annotation = JSON.stringify([{name: 'one', [key]: value}]);
    expect(() => read(annotation)).toThrow(InvalidRequest);
    expect(() => read(annotation)).toThrow(why);
  });

  it('are parsed or refused for any annotation', () => {
    const element = fc.record(
      {
        name: fc.oneof(fc.constant('net'), fc.string({unit: 'binary'})),
        namespace: fc.string({unit: 'binary'}),
        interface: fc.string({unit: 'binary'}),
        ips: fc.anything(),
        mac: fc.anything(),
        bandwidth: fc.anything(),
        portMappings: fc.anything(),
      },
      {requiredKeys: []},
    );
    const annotation = fc.oneof(
      fc.string({unit: 'binary'}),
      fc.array(element).map((list) => JSON.stringify(list)),
    );
    fc.assert(
      fc.property(annotation, (text) => {
        expect(outcomeOf(text)).toMatch(/^(?:refused|[^;=/\0\s]*)$/);
      }),
    );
  });
});
