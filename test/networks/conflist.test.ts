import {describe, expect, it} from 'vitest';
import {fillPodCidr, parseUserConflist} from '../../src/networks/conflist.ts';

const conflist = (plugins: readonly object[], rest: object = {}): string =>
  JSON.stringify({cniVersion: '1.0.0', name: 'mine', plugins, ...rest});

describe('parseUserConflist', () => {
  it('names the programs, and what the plugins leave on a node', () => {
    const text = conflist([
      {type: 'bridge', ipam: {type: 'host-local', subnet: '{{.PodCIDR}}'}},
      {type: 'bridge', bridge: 'br7', ipam: {type: 'host-local', dataDir: '/run/leases'}},
      {type: 'portmap', capabilities: {portMappings: true}},
      {type: 'firewall'},
    ]);
    expect(parseUserConflist(text)).toEqual({
      cniName: 'mine',
      programs: ['bridge', 'host-local', 'portmap', 'firewall'],
      subnets: ['10.244.0.0/24'],
      leftovers: {
        links: ['cni0', 'br7'],
        paths: [],
        state: ['/var/lib/cni/networks/mine', '/run/leases/mine'],
        chains: ['CNI-FORWARD', 'CNI-ISOLATION-'],
      },
    });
    expect(parseUserConflist(conflist([{type: 'ptp'}])).leftovers.chains).toEqual([]);
  });

  it('takes a single plugin, as before CNI 1.0', () => {
    expect(parseUserConflist('{"name":"one","type":"ptp","ipam":{"type":"host-local"}}')).toMatchObject({
      cniName: 'one',
      programs: ['ptp', 'host-local'],
    });
  });

  it.each([
    ['text that is no JSON', 'nonsense', /JSON/],
    ['a configuration without a name', conflist([{type: 'ptp'}], {name: undefined}), /name/],
    ['a name that is a path', conflist([{type: 'ptp'}], {name: '../x'}), /such as cbr0/],
    ['the name of the network of kni-demo', conflist([{type: 'ptp'}], {name: 'kni'}), /kni-demo itself/],
    ['a configuration without plugins', conflist([]), /at least one plugin/],
    [
      'a version that does not exist',
      conflist([{type: 'ptp'}], {cniVersion: '9.0.0'}),
      /must be one of 0.1.0/,
    ],
    ['an unknown placeholder', conflist([{type: 'ptp', mtu: '{{.MTU}}'}]), /unknown placeholder {{.MTU}}/],
    ...[{subnet: '10.1.0.0/33'}, {ranges: [[{subnet: 'all'}]]}].map((ipam): [string, string, RegExp] => [
      `the addresses ${JSON.stringify(ipam)}`,
      conflist([{type: 'ptp', ipam: {type: 'host-local', ...ipam}}]),
      /must be a range of addresses/,
    ]),
    ['a plugin that is a path', conflist([{type: '../sh'}]), /name of a program/],
    ['IPAM that is a path', conflist([{type: 'ptp', ipam: {type: '../sh'}}]), /name of a program/],
    ['a bridge that no link can be', conflist([{type: 'bridge', bridge: 'a b'}]), /name of a link/],
    ['the link of the node', conflist([{type: 'bridge', bridge: 'eth0'}]), /must not be lo or eth0/],
    [
      'a name that is too long for a link',
      conflist([{type: 'bridge', bridge: 'b'.repeat(16)}]),
      /at most 15/,
    ],
    ...['leases', '/var/my leases', '/run/../etc', '/run'].map((dataDir): [string, string, RegExp] => [
      `${dataDir} for leases`,
      conflist([{type: 'ptp', ipam: {type: 'host-local', dataDir}}]),
      /dataDir[^]*must/,
    ]),
  ])('refuses %s', (_, text, reason) => {
    expect(() => parseUserConflist(text)).toThrow(reason);
  });
});

describe('fillPodCidr', () => {
  it.each(['{{.PodCIDR}}', '{{ .PodCIDR }}', 'usePodCidr'])('replaces %s', (placeholder) => {
    expect(fillPodCidr(`{"subnet":"${placeholder}","again":"${placeholder}"}`, '10.244.1.0/24')).toBe(
      '{"subnet":"10.244.1.0/24","again":"10.244.1.0/24"}',
    );
  });

  it('keeps a range that is fixed', () => {
    expect(fillPodCidr('{"subnet":"10.1.0.0/24"}', '10.244.1.0/24')).toBe('{"subnet":"10.1.0.0/24"}');
  });
});
