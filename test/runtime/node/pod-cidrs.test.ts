import {describe, expect, it} from 'vitest';
import type {NodeFacts} from '../../../runtime/src/node/node-facts.ts';
import {checkPodCidrs, type PodCidrRules} from '../../../runtime/src/node/pod-cidrs.ts';

const node = (
  name: string,
  podCidrs: string[],
  internalIps: string[] = [],
  createdAt?: string,
): NodeFacts => ({
  name,
  podCidrs,
  internalIps,
  ...(createdAt !== undefined && {createdAt}),
});
const own = node('own', ['10.244.1.0/24', 'fd00:1::/64'], ['172.18.0.2', 'fc00::2'], '2026-01-05T00:00:00Z');
const other = node(
  'other',
  ['10.244.2.0/24', 'fd00:2::/64'],
  ['172.18.0.3', 'fc00::3'],
  '2026-01-06T00:00:00Z',
);
const rules: PodCidrRules = {ownName: 'own', podSubnets: ['10.244.0.0/16', 'fd00::/16'], links: []};
const alone: PodCidrRules = {
  ...rules,
  podSubnets: [],
  links: ['172.18.0.0/16', '10.244.200.0/24', 'fc00::/64'],
};

const kindsOf = (nodes: readonly NodeFacts[], given: PodCidrRules = rules) =>
  checkPodCidrs(nodes, given).refused.map(({node: name, podCidr, kind}) => `${name} ${podCidr} ${kind}`);

describe('the podCIDRs of nodes', () => {
  it.each([
    ['with a pod subnet', rules],
    ['without one', alone],
  ])('are accepted as the controller manager gives them: %s', (_, given) => {
    expect(checkPodCidrs([other, own], given)).toEqual({nodes: [other, own], refused: []});
  });

  it.each([
    ['half of the Internet', '8.0.0.0/5', 'outside-pod-subnet'],
    ['everything', '0.0.0.0/0', 'outside-pod-subnet'],
    ['all of IPv6', '::/0', 'outside-pod-subnet'],
    ['another subnet', '10.245.3.0/24', 'outside-pod-subnet'],
    ['the address of another node', '172.18.0.3/32', 'outside-pod-subnet'],
    ['part of the own podCIDR', '10.244.1.128/25', 'own-pod-cidr'],
    ['more than the own podCIDR', '10.244.0.0/20', 'own-pod-cidr'],
    ['part of the own IPv6 podCIDR', 'fd00:1::8000:0:0:0/65', 'own-pod-cidr'],
    ['part of that of an older node', '10.244.2.7/32', 'older-node'],
    ['the whole pod subnet of IPv6', 'fd00::/16', 'own-pod-cidr'],
  ])('are refused outside the pod subnet, and when another node has them: %s', (_, podCidr, kind) => {
    const evil = node('evil', [podCidr], ['172.18.0.9'], '2026-02-01T00:00:00Z');
    const {nodes, refused} = checkPodCidrs([evil, own, other], rules);
    expect(refused).toMatchObject([{node: 'evil', podCidr, kind}]);
    expect(nodes).toEqual([{...evil, podCidrs: []}, own, other]);
  });

  it.each([
    ['half of the Internet', '8.0.0.0/5', 'outside-pod-subnet'],
    ['public addresses', '8.8.8.0/24', 'outside-pod-subnet'],
    ['another private range', '192.168.7.0/24', 'outside-pod-subnet'],
    ['more than one node gets', '10.0.0.0/9', 'larger-than-own'],
    ['the gateway on a link of this node', '10.244.200.1/32', 'on-own-link'],
    ['the address of a node on another link', '10.9.0.9/32', 'node-address'],
    ['the own podCIDR', '10.244.1.0/24', 'own-pod-cidr'],
    ['the IPv6 address of another node', 'fc00::3/128', 'on-own-link'],
  ])('are refused without a pod subnet when they differ from the own one: %s', (_, podCidr, kind) => {
    const far = node('far', ['10.244.3.0/24'], ['10.9.0.9'], '2026-01-07T00:00:00Z');
    const evil = node('evil', [podCidr], ['172.18.0.9'], '2026-02-01T00:00:00Z');
    expect(kindsOf([evil, own, other, far], alone)).toEqual([`evil ${podCidr} ${kind}`]);
  });

  it('stay with the older of two nodes, whatever order they come in', () => {
    const first = node('z', ['10.244.4.0/24'], [], '2026-01-07T00:00:00Z');
    const second = node('a', ['10.244.4.0/25'], [], '2026-01-08T00:00:00Z');
    expect(kindsOf([own, second, first])).toEqual(['a 10.244.4.0/25 older-node']);
    expect(kindsOf([first, own, second])).toEqual(['a 10.244.4.0/25 older-node']);
    const same = {...second, createdAt: '2026-01-07T00:00:00Z'};
    expect(kindsOf([first, own, same])).toEqual(['z 10.244.4.0/24 older-node']);
    const unknown = node('u', ['10.244.4.0/24']); // remembered by a version that did not know the age
    expect(kindsOf([second, own, unknown])).toEqual(['a 10.244.4.0/25 older-node']);
  });

  it('are free again when the older node has none that is accepted', () => {
    const wide = node('wide', ['10.0.0.0/8'], [], '2025-01-01T00:00:00Z');
    expect(kindsOf([wide, own, other])).toEqual(['wide 10.0.0.0/8 outside-pod-subnet']);
  });

  it('lose one family without the other', () => {
    const half = node('half', ['10.244.1.0/24', 'fd00:3::/64'], [], '2026-02-01T00:00:00Z');
    expect(checkPodCidrs([own, half], rules).nodes[1]?.podCidrs).toEqual(['fd00:3::/64']);
  });

  it('of this node are not taken away by what other nodes say of themselves', () => {
    const older = node('older', ['10.244.1.0/24'], ['10.244.1.7'], '2020-01-01T00:00:00Z');
    expect(kindsOf([older, own])).toEqual(['older 10.244.1.0/24 node-address']);
  });

  it('of this node have to be in the pod subnet', () => {
    const stray = {...own, podCidrs: ['10.245.1.0/24']};
    expect(checkPodCidrs([stray], rules).refused).toEqual([
      {
        node: 'own',
        podCidr: '10.245.1.0/24',
        kind: 'outside-pod-subnet',
        why: 'it is outside the pod subnet 10.244.0.0/16',
      },
    ]);
  });

  it('stay with an older node, whatever address a younger one claims', () => {
    const rogue = node('rogue', ['10.244.3.0/24'], ['10.244.2.77'], '2026-02-01T00:00:00Z');
    expect(kindsOf([rogue, own, other])).toEqual([]);
    const elder = node('elder', ['10.244.3.0/24'], ['10.244.2.77'], '2026-01-01T00:00:00Z');
    expect(kindsOf([elder, own, other])).toEqual(['other 10.244.2.0/24 node-address']);
  });
});
