import {describe, expect, it} from 'vitest';
import {networksToCompare} from '../../src/compare/networks.ts';
import {UserError} from '../../src/errors.ts';
import {hostOf} from '../rig/cli.ts';
import {rejection} from '../rig/demo.ts';

const {signal} = new AbortController();
const original = {
  cniVersion: '1.0.0',
  name: 'kni',
  plugins: [
    {
      type: 'bridge',
      bridge: 'kni0',
      mtu: 1500,
      ipam: {type: 'host-local', dataDir: '/var/lib/kni/ipam', ranges: [[{subnet: '10.244.1.0/24'}]]},
    },
    {type: 'portmap', capabilities: {portMappings: true}},
  ],
};
const types = ['loopback', 'bridge', 'host-local', 'portmap'];

const networksOn = (places: string) =>
  networksToCompare(
    hostOf((command) => (command.includes('net.d') ? JSON.stringify(original) : places)),
    'test1-worker',
    signal,
  );
const conflistIn = (files: object, directory: string) => {
  const [, text] = Object.entries(files).find(([path]) => path.startsWith(directory)) ?? [];
  return JSON.parse(text);
};

describe('networksToCompare', () => {
  it('keeps bridge, range and routes, and gives CNI its own name and leases', async () => {
    const {kni, cni, programs} = await networksOn(
      types.map((type) => `${type} /usr/lib/cni/${type} `).join('\n'),
    );
    const [first, ...rest] = conflistIn(kni, '/etc/kni/net.d/05').plugins;
    expect(first).toEqual({type: 'kni-demo-timestamp'});
    expect(rest).toEqual(original.plugins);
    const other = conflistIn(cni, '/etc/cni/net.d/');
    expect(other.name).toBe('kni-compare');
    expect(other.plugins[1]).toEqual({
      ...original.plugins[0],
      ipam: {...original.plugins[0]?.ipam, dataDir: '/run/kni-demo/ipam'},
    });
    expect(other.plugins[2]).toEqual(original.plugins[1]);
    expect(programs).toEqual({kni: ['bridge', 'host-local', 'portmap'], cni: types});
  });

  it('links plugins for containerd only where it does not find them', async () => {
    const {cni} = await networksOn(
      'loopback /opt/cni/bin/loopback linked\nbridge /usr/lib/cni/bridge \nhost-local /usr/lib/cni/host-local linked\nportmap /usr/lib/cni/portmap ',
    );
    const links = Object.entries(cni).filter(([, content]) => typeof content === 'object');
    expect(links).toEqual([
      ['/opt/cni/bin/bridge', {link: '/usr/lib/cni/bridge'}],
      ['/opt/cni/bin/portmap', {link: '/usr/lib/cni/portmap'}],
    ]);
  });

  it('refuses a node without a plugin', async () => {
    const error = await rejection(networksOn('bridge /usr/lib/cni/bridge '), UserError);
    expect(error).toMatchObject({errorCode: 'KNI-E119', why: expect.stringContaining('loopback')});
  });
});
