import {describe, expect, it} from 'vitest';
import {nodeFactsOf} from '../../../runtime/src/node/node-facts.ts';
import {routeChanges, routesOf} from '../../../runtime/src/node/routes.ts';

const node = (name: string, podCidr: string, internalIp: string) => ({name, podCidr, internalIp});

describe('routes', () => {
  it('lead to every other node that has pods and an address', () => {
    const nodes = [
      node('own', '10.244.0.0/24', '172.18.0.2'),
      node('other', '10.244.1.0/24', '172.18.0.3'),
      node('new', '', '172.18.0.4'),
      node('lost', '10.244.3.0/24', ''),
    ];
    expect(routesOf(nodes, 'own')).toEqual([{to: '10.244.1.0/24', via: '172.18.0.3'}]);
  });

  it('are changed where they differ only', () => {
    const present = [
      {to: '10.244.1.0/24', via: '172.18.0.3'},
      {to: '10.244.2.0/24', via: '172.18.0.4'},
      {to: '10.244.3.0/24', via: '172.18.0.5'},
    ];
    const wanted = [
      {to: '10.244.1.0/24', via: '172.18.0.3'},
      {to: '10.244.2.0/24', via: '172.18.0.9'},
      {to: '10.244.4.0/24', via: '172.18.0.6'},
    ];
    expect(routeChanges(present, wanted)).toEqual([
      'route del 10.244.3.0/24 proto 107',
      'route replace 10.244.2.0/24 via 172.18.0.9 proto 107',
      'route replace 10.244.4.0/24 via 172.18.0.6 proto 107',
    ]);
    expect(routeChanges(wanted, wanted)).toEqual([]);
  });
});

describe('what is known of a node', () => {
  const object = (spec: object, addresses: object[] = []) => ({
    metadata: {name: 'a'},
    spec,
    status: {addresses},
  });

  it('is its IPv4 side', () => {
    const spec = {podCIDR: 'fd00::/64', podCIDRs: ['fd00::/64', '10.244.1.0/24']};
    const addresses = [
      {type: 'Hostname', address: '10.0.0.9'},
      {type: 'InternalIP', address: 'fc00::3'},
      {type: 'InternalIP', address: '172.18.0.3'},
    ];
    expect(nodeFactsOf(object(spec, addresses))).toEqual(node('a', '10.244.1.0/24', '172.18.0.3'));
  });

  it.each([
    ['nothing yet', {}],
    ['what is no subnet', {podCIDR: '10.244.1.0/24 -j ACCEPT'}],
    ['what is no subnet either', {podCIDR: '10.244.1.0/99'}],
    ['another shape', {podCIDR: 7, podCIDRs: 'x'}],
  ])('is no podCIDR with %s', (_, spec) => {
    expect(nodeFactsOf(object(spec)).podCidr).toBe('');
  });

  it('is nothing of what is no node', () => {
    for (const what of [null, undefined, 7, [], {}]) expect(nodeFactsOf(what)).toEqual(node('', '', ''));
  });
});
