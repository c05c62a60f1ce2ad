import {describe, expect, it} from 'vitest';
import {parseConflist} from '../../../runtime/src/cni/conflist.ts';
import {conflistOfNode} from '../../../runtime/src/node/conflist-of-node.ts';

const bridgeOf = (podCidrs: readonly string[], mtu?: number) => {
  const text = conflistOfNode({podCidrs, ipamDir: '/ipam', mtu});
  expect(parseConflist(text)).toMatchObject({name: 'kni', cniVersion: '1.0.0'});
  return (JSON.parse(text) as {plugins: unknown[]}).plugins[0];
};

describe('the network configuration of a node', () => {
  it.each([
    [['10.77.1.0/24'], ['0.0.0.0/0']],
    [['fd77:1::/64'], ['::/0']],
    [
      ['fd77:1::/64', '10.77.1.0/24'],
      ['::/0', '0.0.0.0/0'],
    ],
  ])('gives pods an address of each of %j, and a default route with it', (podCidrs, routes) => {
    expect(bridgeOf(podCidrs)).toMatchObject({
      ipam: {
        type: 'host-local',
        dataDir: '/ipam',
        ranges: podCidrs.map((subnet) => [{subnet}]),
        routes: routes.map((dst) => ({dst})),
      },
    });
  });

  it('says how large packets may be, if that is known', () => {
    expect(bridgeOf(['10.77.1.0/24'], 1450)).toMatchObject({mtu: 1450});
    expect(bridgeOf(['10.77.1.0/24'])).not.toHaveProperty('mtu');
  });
});
