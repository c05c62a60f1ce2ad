import {describe, expect, it} from 'vitest';
import {routeChanges, routesOf} from '../../../runtime/src/node/routes.ts';

const node = (name: string, podCidrs: string[], internalIps: string[]) => ({name, podCidrs, internalIps});

describe('routes', () => {
  it('lead to every other node that has pods and an address', () => {
    const nodes = [
      node('own', ['10.244.0.0/24'], ['172.18.0.2']),
      node('other', ['10.244.1.0/24'], ['172.18.0.3']),
      node('new', [], ['172.18.0.4']),
      node('lost', ['10.244.3.0/24'], []),
    ];
    expect(routesOf(nodes, 'own')).toEqual([{to: '10.244.1.0/24', via: '172.18.0.3'}]);
  });

  it('lead over each family by an address of it', () => {
    const nodes = [
      node('both', ['10.244.1.0/24', 'fd00:1::/64'], ['fc00::3', '172.18.0.3']),
      node('half', ['10.244.2.0/24', 'fd00:2::/64'], ['172.18.0.4']),
    ];
    expect(routesOf(nodes, 'own')).toEqual([
      {to: '10.244.1.0/24', via: '172.18.0.3'},
      {to: 'fd00:1::/64', via: 'fc00::3'},
      {to: '10.244.2.0/24', via: '172.18.0.4'},
    ]);
  });

  it('are changed if they go by another device than they should', () => {
    const wanted = [{to: '10.244.1.0/24', via: '10.244.1.0', device: 'kni.vxlan'}];
    expect(routeChanges([{to: '10.244.1.0/24', via: '10.244.1.0', device: 'eth0'}], wanted)).toEqual([
      'route replace 10.244.1.0/24 via 10.244.1.0 dev kni.vxlan onlink proto 107',
    ]);
    expect(routeChanges(wanted, wanted)).toEqual([]);
  });

  it('are changed if they differ only', () => {
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
