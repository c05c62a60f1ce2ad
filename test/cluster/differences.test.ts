import {describe, expect, it} from 'vitest';
import {differencesOf} from '../../src/cluster/differences.ts';
import {kernelView} from '../../src/cluster/kernel-view.ts';
import type {Link} from '../../src/tools/ip.ts';
import {parseInspectedPod} from '../../src/tools/kni-runtime.ts';

const link = (name: string, rest: Partial<Link> = {}): Link => ({
  index: 2,
  peerIndex: undefined,
  name,
  mac: 'aa:bb:cc:dd:ee:ff',
  mtu: 1500,
  state: 'UP',
  master: undefined,
  addresses: [],
  ...rest,
});
const lo = link('lo', {index: 1, mac: '00:00:00:00:00:00', mtu: 65536});
const eth0 = link('eth0', {peerIndex: 7, addresses: ['10.244.1.5/24']});
const veth = link('veth1', {index: 7, peerIndex: 2, master: 'kni0'});
const route = {to: '0.0.0.0/0', via: '10.244.1.1', dev: 'eth0'};
const view = (...inPod: Link[]) =>
  kernelView({inPod: [lo, ...inPod], routes: [route], onNode: [lo, link('kni0', {index: 3}), veth]});

const recorded = (eth: object = {}, attachment: object = {}) =>
  parseInspectedPod(
    JSON.stringify({
      network: {
        interfaces: [
          {
            name: 'eth0',
            mac: 'AA:bb:cc:dd:ee:ff',
            addresses: [{cidr: '10.244.1.5/24', gateway: '10.244.1.1'}],
            ...eth,
          },
        ],
      },
      attachments: [
        {interface: 'eth0', hostInterfaces: ['kni0', 'veth1'], routes: [{to: '0.0.0.0/0'}], ...attachment},
      ],
    }),
  );
const ips = ['10.244.1.5'];

describe('differencesOf', () => {
  it('finds none if all agree', () => {
    expect(differencesOf({record: recorded({mtu: 1500}), kernel: view(eth0), ips})).toEqual([]);
  });

  it('finds none in missing facts', () => {
    const kernel = view(eth0, link('tunl0', {mac: undefined}));
    const record = recorded({mac: '', mtu: 0}, {hostInterfaces: [], routes: []});
    expect(differencesOf({record, kernel, ips: []})).toEqual([]);
  });

  it('treats an address without a prefix length as equal', () => {
    const record = recorded({addresses: [{cidr: '10.244.1.5'}]});
    expect(differencesOf({record, kernel: view(eth0), ips})).toEqual([]);
  });

  it.each([
    ['the address is gone', {...eth0, addresses: []}, 'recorded, but not in the kernel: 10.244.1.5/24'],
    [
      'there is another address',
      {...eth0, addresses: ['10.244.1.5/24', '10.9.9.9/24']},
      'in the kernel, but not recorded: 10.9.9.9/24',
    ],
    [
      'the MAC is another',
      {...eth0, mac: '11:11'},
      'MAC AA:bb:cc:dd:ee:ff is recorded, 11:11 is in the kernel',
    ],
    ['the MTU is another', {...eth0, mtu: 1400}, 'MTU 1500 is recorded, 1400 is in the kernel'],
    ['the interface is gone', link('net9'), 'recorded, but not in the kernel'],
  ])('marks an interface where %s', (_, inPod, what) => {
    expect(differencesOf({record: recorded({mtu: 1500}), kernel: view(inPod), ips})).toEqual([
      {interface: 'eth0', what},
    ]);
  });

  it('sees both sides of a prefix length that differs', () => {
    const kernel = view({...eth0, addresses: ['10.244.1.5/32']});
    expect(differencesOf({record: recorded(), kernel, ips}).map(({what}) => what)).toEqual([
      'recorded, but not in the kernel: 10.244.1.5/24',
      'in the kernel, but not recorded: 10.244.1.5/32',
    ]);
  });

  it('marks an unrecorded interface if it has an address', () => {
    const kernel = view(eth0, link('net1', {index: 3, addresses: ['10.9.9.9/24']}));
    expect(differencesOf({record: recorded(), kernel, ips})).toEqual([
      {interface: 'net1', what: 'in the kernel, but not recorded'},
    ]);
  });

  it('does not mark interfaces that Multus has attached', () => {
    const kernel = view(eth0, link('net1', {index: 3, addresses: ['10.9.9.9/24']}));
    expect(differencesOf({record: recorded({}, {plugins: ['multus-shim']}), kernel, ips})).toEqual([]);
  });

  it.each([
    [
      "the node's end",
      {hostInterfaces: ['veth2']},
      {interface: 'eth0', what: 'recorded, but not on the node: veth2'},
    ],
    ['a route', {routes: [{to: '10.0.0.0/8'}]}, {what: 'recorded, but not in the kernel: route 10.0.0.0/8'}],
    [
      "a route's gateway",
      {routes: [{to: '0.0.0.0/0', via: '10.244.1.9'}]},
      {what: 'recorded, but not in the kernel: route 0.0.0.0/0 via 10.244.1.9'},
    ],
  ])('misses %s', (_, attachment, difference) => {
    expect(differencesOf({record: recorded({}, attachment), kernel: view(eth0), ips})).toEqual([difference]);
  });

  it('marks an address that only the API server has', () => {
    expect(differencesOf({record: recorded(), kernel: view(eth0), ips: ['10.244.1.5', 'fd00::5']})).toEqual([
      {what: 'the API server reports fd00::5, which is not recorded'},
    ]);
  });

  it('reports it if the kernel cannot be asked', () => {
    expect(differencesOf({record: recorded(), kernel: {why: 'no such netns'}, ips})).toEqual([
      {what: "cannot read the kernel's view: no such netns"},
    ]);
  });
});

describe('kernelView', () => {
  it("pairs the two ends of a veth, not an index of another namespace's", () => {
    const elsewhere = link('eth9', {index: 7, peerIndex: 99});
    const [found] = kernelView({inPod: [eth0], routes: [], onNode: [elsewhere, veth]}).interfaces;
    expect(found?.nodeSide?.name).toBe('veth1');
    const [none] = kernelView({inPod: [eth0], routes: [], onNode: [elsewhere]}).interfaces;
    expect(none?.nodeSide).toBeUndefined();
  });
});
