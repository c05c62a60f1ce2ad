import {describe, expect, it} from 'vitest';
import {parseConflist} from '../../../runtime/src/cni/conflist.ts';
import {InvalidConfig} from '../../../runtime/src/cni/errors.ts';
import {bridgesOf} from '../../../runtime/src/network/bridges.ts';
import {fitToNode} from '../../../runtime/src/network/definition-config.ts';

const ipamDir = '/var/lib/kni/ipam';
const limits = {ipamDir, ownLinks: ['kni0', 'cni0'], ownNetworks: ['kni']};
const fit = (config: string) => fitToNode(config, limits);

describe('the configuration of a NetworkAttachmentDefinition', () => {
  it.each([
    ['no IPAM plugin', '{ "type": "macvlan",\n "master": "eth0", "id": 12345678901234567890, "x": 1.0 }'],
    ['another IPAM plugin', '{"type": "bridge", "bridge": "a", "ipam": {"type": "dhcp", "dataDir": "/d"}}'],
    ['the lease directory', `{"type":"ptp","ipam":{"type": "host-local", "dataDir":"${ipamDir}"}}`],
    ['ipam that is not an object', '{"type":"ptp","ipam":"host-local"}'],
    ['an empty list', '{"plugins": [ ]}'],
  ])('passes through unchanged with %s', (_, config) => {
    expect(fit(config)).toBe(config);
  });

  it('gets the lease directory of the node, and is otherwise unchanged', () => {
    const config =
      '{"name":"a","plugins":[{"type":"ptp","n":12345678901234567890,"ipam":{"type":"host-local","subnet":"10.0.0.0/24","m":1.0}},{"type":"tuning", "mtu": 1e3}]}';
    expect(fit(config)).toBe(
      '{"name":"a","plugins":[{"type":"ptp","n":12345678901234567890,"ipam":{"type":"host-local","subnet":"10.0.0.0/24","m":1.0,"dataDir":"/var/lib/kni/ipam"}},{"type":"tuning", "mtu": 1e3}]}',
    );
  });

  it.each([
    ['an empty one', {type: 'ptp', ipam: {type: 'host-local', dataDir: ''}}, ['ipam']],
    ['null', {type: 'ptp', ipam: {type: 'host-local', dataDir: null}}, ['ipam']],
    ['none in a delegate', {type: 'a', delegate: {ipam: {type: 'host-local'}}}, ['delegate', 'ipam']],
    ['none in a delegated list', {type: 'a', to: [{ipam: {type: 'host-local'}}]}, ['to', '0', 'ipam']],
    ['none where host-local is called itself', {type: 'host-local', ipam: {subnet: '10.0.0.0/24'}}, ['ipam']],
  ])('gets the lease directory in place of %s', (_, config, path) => {
    expect(JSON.parse(fit(JSON.stringify(config)))).toHaveProperty([...path, 'dataDir'], ipamDir);
  });

  it.each([
    [{type: 'ptp', ipam: {type: 'host-local', dataDir: '/var/lib/cni/networks'}}, 'leave "dataDir" out'],
    [{type: 'ptp', ipam: {type: 'host-local', dataDir: `${ipamDir}/../ipam`}}, 'leave "dataDir" out'],
    [{type: 'ptp', ipam: {type: 'host-local', dataDir: 5}}, 'leave "dataDir" out'],
    [{plugins: [{type: 'a', delegate: {ipam: {type: 'host-local', dataDir: '/d'}}}]}, 'leave "dataDir" out'],
    [{type: 'bridge', bridge: 'kni0'}, 'uses kni0, which belongs to'],
    [{type: 'bridge'}, 'uses cni0, which belongs to'],
    [{type: 'bridge', bridge: ''}, 'uses cni0, which belongs to'],
    [{type: 'flannel', delegate: {type: 'bridge', bridge: 'kni0'}}, 'uses kni0, which belongs to'],
    [{type: 'macvlan', master: 'kni0'}, 'uses kni0, which belongs to'],
    [{type: 'host-device', device: 'kni0'}, 'uses kni0, which belongs to'],
    [{type: 'multus', delegates: [{name: 'kni', type: 'ptp'}]}, 'delegates to kni'],
  ])('is refused as %j', (config, why) => {
    expect(() => fit(JSON.stringify(config))).toThrow(InvalidConfig);
    expect(() => fit(JSON.stringify(config))).toThrow(why);
  });

  it('is refused when it is nested too deeply', () => {
    expect(() => fit(`{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`)).toThrow('more than 32 levels deep');
  });
});

describe('the bridges of a network', () => {
  it('are those that its bridge plugins name, or else cni0', () => {
    const plugins = [{type: 'bridge', bridge: 'kni0'}, {type: 'bridge'}, {type: 'portmap', bridge: 'x'}];
    expect(bridgesOf(parseConflist(JSON.stringify({cniVersion: '1.0.0', name: 'a', plugins})))).toEqual([
      'kni0',
      'cni0',
    ]);
  });
});
