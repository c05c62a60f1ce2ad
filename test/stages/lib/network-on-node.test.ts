import {describe, expect, it} from 'vitest';
import type {Host} from '../../../src/host/host.ts';
import type {Network} from '../../../src/networks/network.ts';
import {filesOfNetwork, flagsOfNetwork, isOnNode} from '../../../src/stages/lib/network-on-node.ts';

const {signal} = new AbortController();
const none = {links: [], paths: [], state: [], chains: []};
const installed: Network = {
  name: 'flannel',
  cniName: 'cbr0',
  manifest: '…',
  neededFiles: ['/run/a', '/run/b'],
  leftovers: none,
  isKnown: true,
};
const configured: Network = {
  name: 'mine.conflist',
  cniName: 'mine',
  conflist: '{"subnet":"{{.PodCIDR}}"}\n',
  neededFiles: [],
  leftovers: none,
  isKnown: true,
};
const unset = {'foreign-network': undefined, 'needed-files': undefined, 'cni-conf-dir': undefined};

describe('flagsOfNetwork', () => {
  it('leaves routes and configuration to a CNI that installs itself', () => {
    expect(flagsOfNetwork({wanted: installed, backend: undefined}, {backend: 'vxlan'})).toEqual({
      backend: 'none',
      'foreign-network': 'cbr0',
      'needed-files': '/run/a,/run/b',
      'cni-conf-dir': '/etc/cni/net.d',
    });
  });

  it('keeps the routes for a configuration of the user', () => {
    expect(flagsOfNetwork({wanted: configured, backend: undefined}, {backend: 'vxlan'})).toEqual({
      ...unset,
      backend: 'vxlan',
      'foreign-network': 'mine',
    });
  });

  it('gives the runtime its routes back, with the backend that the user chose or the default', () => {
    const current = {backend: 'none', 'foreign-network': 'cbr0'};
    expect(flagsOfNetwork({wanted: undefined, backend: undefined}, current)).toEqual({
      ...unset,
      backend: undefined,
    });
    expect(flagsOfNetwork({wanted: undefined, backend: 'vxlan'}, current)).toEqual({
      ...unset,
      backend: 'vxlan',
    });
  });
});

describe('a node', () => {
  const nodeWith = (files: Readonly<Record<string, string>>): Host => ({
    // As a real host, without the last line break.
    run: async ([, args]) => ({stdout: (files[args.at(-1) ?? ''] ?? '').replace(/\n$/, ''), stderr: ''}),
  });
  const environment = '/etc/kni/runtime.env';
  const place = {wanted: configured, podCidr: '10.244.1.0/24', backend: undefined};

  it('gets flags beside those that it has, and the configuration with its podCIDR', async () => {
    const node = nodeWith({
      [environment]: 'KNI_RUNTIME_FLAGS=--pod-subnet=10.244.0.0/16 --log-level=debug\n',
    });
    expect(await filesOfNetwork(node, place, signal)).toEqual({
      [environment]:
        'KNI_RUNTIME_FLAGS=--foreign-network=mine --pod-subnet=10.244.0.0/16 --log-level=debug\n',
      '/etc/kni/net.d/10-kni.conflist': undefined,
      '/etc/kni/net.d/10-mine.conflist': '{"subnet":"10.244.1.0/24"}\n',
    });
    expect(await isOnNode(node, place, signal)).toBe(false);
  });

  it('has the network if both files are as they must be', async () => {
    const files = {
      [environment]: 'KNI_RUNTIME_FLAGS=--foreign-network=mine\n',
      '/etc/kni/net.d/10-mine.conflist': '{"subnet":"10.244.1.0/24"}\n',
    };
    expect(await isOnNode(nodeWith(files), place, signal)).toBe(true);
    expect(await isOnNode(nodeWith(files), {...place, podCidr: '10.244.2.0/24'}, signal)).toBe(false);
    expect(await isOnNode(nodeWith(files), {...place, wanted: undefined}, signal)).toBe(false);
    const both = {...files, '/etc/kni/net.d/10-kni.conflist': '{}'};
    expect(await isOnNode(nodeWith(both), place, signal)).toBe(false);
  });
});
