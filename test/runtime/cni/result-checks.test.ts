import {describe, expect, it} from 'vitest';
import {refuseInvalidResult} from '../../../runtime/src/cni/result-checks.ts';

const check = (result: object, cniVersion = '1.0.0') =>
  refuseInvalidResult(JSON.stringify({cniVersion, ...result}));

describe('a result', () => {
  it.each<[object, string?]>([
    [{}],
    [{interfaces: null, ips: null, routes: null, dns: null, custom: 'x'}],
    [{interfaces: [{name: 'eth0', mac: '', mtu: 1500, sandbox: '/run/netns/x', custom: 1}]}],
    [
      {
        ips: [
          {address: '10.0.0.2/24', gateway: ''},
          {address: 'fd00::2/128', gateway: null},
        ],
      },
    ],
    [{routes: [{dst: '0.0.0.0/0', gw: '10.0.0.1', priority: 5, table: null}]}],
    [{dns: {nameservers: ['10.0.0.1'], domain: 'x', search: [], options: ['ndots:5']}}],
    [{ip4: {ip: '10.0.0.2/24', routes: [{dst: '0.0.0.0/0'}]}}, '0.2.0'],
    [{ips: [{version: '4', address: '10.0.0.2/24'}]}, '0.4.0'],
  ])('is valid: %j %s', (result, version) => {
    expect(() => check(result, version)).not.toThrow();
  });

  it.each<[object, string, string?]>([
    [{ips: [{address: '10.0.0.2'}]}, '"address" in "ips"'],
    [{ips: [{address: '10.0.0.2/33'}]}, '"address" in "ips"'],
    [{ips: [{address: 5}]}, '"address" in "ips"'],
    [{ips: [{address: '10.0.0.2/24', gateway: 'none'}]}, '"gateway" in "ips"'],
    [{ips: [{address: 'fd00::2/64', gateway: 'fe80::1%eth0'}]}, '"gateway" in "ips"'],
    [{routes: [{dst: 'default'}]}, '"dst" in "routes"'],
    [{routes: {}}, '"routes"'],
    [{interfaces: ['eth0']}, '"interfaces"'],
    [{interfaces: [{mtu: '1500'}]}, '"mtu" in "interfaces"'],
    [{dns: []}, '"dns"'],
    [{dns: {nameservers: '10.0.0.1'}}, '"nameservers" in "dns"'],
    [{ip4: {ip: '10.0.0.2'}}, '"address" in "ips"', '0.2.0'],
  ])('is invalid: %j', (result, member, version) => {
    expect(() => check(result, version)).toThrow(`a result with an invalid ${member}`);
  });
});
