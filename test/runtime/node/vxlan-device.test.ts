import {describe, expect, it} from 'vitest';
import {addressChanges, linkChanges} from '../../../runtime/src/node/vxlan-device.ts';

const wanted = {
  local: '172.18.0.2',
  mac: '0a:6b:ac:12:00:02',
  mtu: 1450,
  addresses: ['10.244.0.0', 'fd00::'],
};
const made = [
  'link add kni.vxlan address 0a:6b:ac:12:00:02 mtu 1450 type vxlan id 107 local 172.18.0.2 dstport 8472 nolearning',
  'link set kni.vxlan up',
];
const tunnel = {id: 107, local: '172.18.0.2', port: 8472, learning: false};
/** As iproute2 prints it, the parts that count. */
const shown = {
  ifname: 'kni.vxlan',
  flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
  mtu: 1450,
  address: '0a:6b:ac:12:00:02',
  linkinfo: {info_kind: 'vxlan', info_data: tunnel},
  addr_info: [
    {family: 'inet', local: '10.244.0.0', prefixlen: 32, scope: 'global'},
    {family: 'inet6', local: 'fd00::', prefixlen: 128, scope: 'global'},
    {family: 'inet6', local: 'fe80::1', prefixlen: 64, scope: 'link'},
  ],
};
const withTunnel = (changed: object) => ({
  ...shown,
  linkinfo: {info_kind: 'vxlan', info_data: {...tunnel, ...changed}},
});

describe('the tunnel device', () => {
  it('is made with the addresses of the node in it', () => {
    expect(linkChanges(undefined, wanted)).toEqual(made);
    expect(addressChanges(undefined, wanted)).toEqual([
      'address add 10.244.0.0/32 dev kni.vxlan',
      'address add fd00::/128 dev kni.vxlan nodad',
    ]);
  });

  it('is not changed when all is right', () => {
    expect(linkChanges(shown, wanted)).toEqual([]);
    expect(addressChanges(shown, wanted)).toEqual([]);
  });

  it('of IPv6 is known as well', () => {
    const six = withTunnel({local: undefined, local6: 'fc00::2'});
    expect(linkChanges(six, {...wanted, local: 'fc00::2'})).toEqual([]);
  });

  it.each([
    ['another address of the node', withTunnel({local: '172.18.0.9'})],
    ['another network', withTunnel({id: 1})],
    ['another port', withTunnel({port: 4789})],
    ['learning', withTunnel({learning: true})],
    ['another kind', {...shown, linkinfo: {info_kind: 'dummy'}}],
  ])('is recreated when it has %s', (_, wrong) => {
    expect(linkChanges(wrong, wanted)).toEqual(['link del kni.vxlan', ...made]);
    expect(addressChanges(wrong, wanted)).toHaveLength(2);
  });

  it.each([
    ['its MAC address', {address: '02:00:00:00:00:01'}, ['link set kni.vxlan address 0a:6b:ac:12:00:02']],
    ['its MTU', {mtu: 1500}, ['link set kni.vxlan mtu 1450']],
    ['its state', {flags: ['BROADCAST']}, ['link set kni.vxlan up']],
  ])('is put right in place when it is %s', (_, wrong, lines) => {
    expect(linkChanges({...shown, ...wrong}, wanted)).toEqual(lines);
  });

  it('takes the address of another podCIDR', () => {
    expect(addressChanges(shown, {...wanted, addresses: ['10.244.7.0', 'fd00::']})).toEqual([
      'address del 10.244.0.0/32 dev kni.vxlan',
      'address add 10.244.7.0/32 dev kni.vxlan',
    ]);
  });
});
