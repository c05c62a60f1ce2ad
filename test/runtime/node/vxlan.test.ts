import {describe, expect, it} from 'vitest';
import {
  isTunnelMac,
  overlayOf,
  tunnelEndOf,
  tunnelledMtu,
  tunnelMacOf,
} from '../../../runtime/src/node/vxlan.ts';

const node = (name: string, podCidrs: string[], internalIps: string[]) => ({name, podCidrs, internalIps});
const own = node('own', ['10.244.0.0/24', 'fd00::/64'], ['fc00::2', '172.18.0.2']);

describe('the tunnels to other nodes', () => {
  it('follow from what is known of the nodes', () => {
    const nodes = [own, node('other', ['10.244.1.0/24', 'fd00:0:0:1::/64'], ['172.18.0.3', 'fc00::3'])];
    const mac = '0a:6b:ac:12:00:03';
    expect(overlayOf(nodes, own)).toEqual({
      forwarding: [{mac, to: '172.18.0.3'}],
      neighbours: [
        {ip: '10.244.1.0', mac},
        {ip: 'fe80::86b:acff:fe12:3', mac},
      ],
      routes: [
        {to: '10.244.1.0/24', via: '10.244.1.0', device: 'kni.vxlan'},
        {to: 'fd00:0:0:1::/64', via: 'fe80::86b:acff:fe12:3', device: 'kni.vxlan'},
      ],
    });
  });

  it('lead to nodes that have pods and an address of the family in use', () => {
    const nodes = [
      node('new', [], ['172.18.0.3']),
      node('lost', ['10.244.2.0/24'], []),
      node('other family', ['10.244.3.0/24'], ['fc00::4']),
    ];
    expect(overlayOf(nodes, own)).toEqual({forwarding: [], neighbours: [], routes: []});
    expect(overlayOf([node('a', ['10.244.1.0/24'], ['172.18.0.3'])], node('own', [], [])).routes).toEqual([]);
  });

  it('end at the IPv4 address of a node that has one', () => {
    expect(tunnelEndOf(own)).toBe('172.18.0.2');
    expect(tunnelEndOf(node('six', [], ['fc00::2']))).toBe('fc00::2');
    expect(tunnelEndOf(node('none', [], []))).toBeUndefined();
  });
});

describe('the MAC address of the end of a tunnel', () => {
  it('holds the IPv4 address', () => {
    expect(tunnelMacOf('10.0.255.1')).toBe('0a:6b:0a:00:ff:01');
    expect(tunnelMacOf('192.168.1.2')).toBe('0a:6b:c0:a8:01:02');
  });

  it('is a digest of the IPv6 address, however that is written', () => {
    expect(tunnelMacOf('fc00::2')).toMatch(/^0e(:[0-9a-f]{2}){5}$/);
    expect(tunnelMacOf('FC00:0::2')).toBe(tunnelMacOf('fc00::2'));
    expect(tunnelMacOf('fc00::2')).not.toBe(tunnelMacOf('fc00::3'));
  });

  it.each(['10.0.0.1', 'fc00::1'])(
    'of %s is locally administered, of one station, and known for ours',
    (ip) => {
      const first = Number.parseInt(tunnelMacOf(ip).slice(0, 2), 16);
      expect(first & 0b11).toBe(0b10);
      expect(isTunnelMac(tunnelMacOf(ip))).toBe(true);
    },
  );

  it('is distinguished from others', () => {
    expect(['00:00:00:00:00:00', '0a:58:0a:f4:00:01', '02:42:ac:12:00:02'].filter(isTunnelMac)).toEqual([]);
  });
});

describe('the largest packet through a tunnel', () => {
  it('leaves room for the headers around it', () => {
    expect(tunnelledMtu(1500, '172.18.0.2')).toBe(1450);
    expect(tunnelledMtu(1500, 'fc00::2')).toBe(1430);
  });
});
