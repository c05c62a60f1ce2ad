import {describe, expect, it} from 'vitest';
import {readResult} from '../../../runtime/src/cni/result.ts';

const netns = '/run/netns/kni-x';
const interfacesOf = (result: object) =>
  readResult(
    {
      network: 'net',
      ifName: 'eth0',
      config: '',
      cniArgs: [],
      capabilityArgs: {},
      result: JSON.stringify(result),
    },
    netns,
  ).interfaces.map(({name, mac, addresses}) => ({name, mac, ips: addresses.map(({ip}) => ip)}));

describe('the interfaces of a pod', () => {
  it('are those in its netns, with the addresses that point to them', () => {
    const result = {
      interfaces: [
        {name: 'kni0', mac: '0a:00:00:00:00:01'},
        {name: 'veth1', mac: '0a:00:00:00:00:02'},
        {name: 'eth0', mac: '0a:00:00:00:00:03', sandbox: netns},
        {name: 'net1', mac: '0a:00:00:00:00:04', sandbox: netns},
        {name: 'eth0', mac: '0a:00:00:00:00:05', sandbox: '/run/netns/other'},
      ],
      ips: [
        {address: '10.0.0.2/24', interface: 2},
        {address: 'fd00::2/64', interface: 2},
        {address: '10.1.0.2/24', interface: 3},
        {address: '10.2.0.1/24', interface: 0},
      ],
    };
    expect(interfacesOf(result)).toEqual([
      {name: 'eth0', mac: '0a:00:00:00:00:03', ips: ['10.0.0.2', 'fd00::2']},
      {name: 'net1', mac: '0a:00:00:00:00:04', ips: ['10.1.0.2']},
    ]);
  });

  it('are the one that was asked for when the addresses point to none', () => {
    expect(interfacesOf({ips: [{address: '10.0.0.2/24'}]})).toEqual([
      {name: 'eth0', mac: '', ips: ['10.0.0.2']},
    ]);
  });

  it.each([
    ['an index out of range', {ips: [{address: '10.0.0.2/24', interface: 7}]}],
    ['an invalid address', {ips: [{address: 'ten'}, {address: 7}, {}]}],
    ['nothing', {}],
    ['other shapes', {interfaces: 7, ips: {}}],
  ])('are empty with %s', (_, result) => {
    expect(interfacesOf(result)).toEqual([]);
  });
});
