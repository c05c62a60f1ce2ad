import {describe, expect, it} from 'vitest';
import {nodeFactsOf} from '../../../runtime/src/node/node-facts.ts';

describe('what is known of a node', () => {
  const object = (spec: object, addresses: object[] = []) => ({
    metadata: {name: 'a'},
    spec,
    status: {addresses},
  });

  it('is one subnet and one address of a family, in the order of the API server', () => {
    const spec = {podCIDR: 'fd00::/64', podCIDRs: ['fd00::/64', '10.244.1.0/24', '10.244.9.0/24']};
    const addresses = [
      {type: 'Hostname', address: '10.0.0.9'},
      {type: 'InternalIP', address: 'fc00::3'},
      {type: 'ExternalIP', address: '192.0.2.1'},
      {type: 'InternalIP', address: '172.18.0.3'},
      {type: 'InternalIP', address: '172.18.0.4'},
    ];
    expect(nodeFactsOf(object(spec, addresses))).toEqual({
      name: 'a',
      podCidrs: ['fd00::/64', '10.244.1.0/24'],
      internalIps: ['fc00::3', '172.18.0.3'],
    });
  });

  it('is written as the kernel prints it', () => {
    const spec = {podCIDRs: ['FD00:0:0:1:0:0:0:0/64', '10.244.1.7/24']};
    expect(nodeFactsOf(object(spec)).podCidrs).toEqual(['fd00:0:0:1::/64', '10.244.1.0/24']);
  });

  it.each([
    ['nothing yet', {}],
    ['text that is not a subnet', {podCIDR: '10.244.1.0/24 -j ACCEPT'}],
    ['an invalid prefix length', {podCIDR: '10.244.1.0/99'}],
    ['an IPv6 subnet of too many bits', {podCIDR: 'fd00::/129'}],
    ['a subnet with a zone', {podCIDR: 'fe80::1%eth0/64'}],
    ['another shape', {podCIDR: 7, podCIDRs: 'x'}],
  ])('ignores a podCIDR with %s', (_, spec) => {
    expect(nodeFactsOf(object(spec)).podCidrs).toEqual([]);
  });

  it('is when it was created, as far as that is known', () => {
    const created = (creationTimestamp: unknown) =>
      nodeFactsOf({metadata: {name: 'a', creationTimestamp}}).createdAt;
    expect(created('2026-01-05T10:20:30Z')).toBe('2026-01-05T10:20:30Z');
    for (const unknown of [null, undefined, 7, '', 'yesterday', '2026-01-05T10:20:30+02:00'])
      expect(created(unknown)).toBeUndefined();
  });

  it('ignores an object that is not a node', () => {
    for (const what of [null, undefined, 7, [], {}])
      expect(nodeFactsOf(what)).toEqual({name: '', podCidrs: [], internalIps: []});
  });
});
