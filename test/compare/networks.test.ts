import {execFileSync} from 'node:child_process';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {networksToCompare} from '../../src/compare/networks.ts';
import {UserError} from '../../src/errors.ts';
import {project} from '../../src/project.ts';
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
const timestamp = 'kni-demo-timestamp';
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
  it('refuses a node whose network another program configures', async () => {
    const host = hostOf(() => '');
    const error = await rejection(networksToCompare(host, 'test1-worker', signal), UserError);
    expect(error).toMatchObject({errorCode: 'KNI-E119', tryThis: expect.stringContaining('--cni kni')});
  });

  it('keeps bridge, range and routes, and gives CNI its own name and leases', async () => {
    const {kni, cni, programs} = await networksOn(
      [timestamp, ...types].map((type) => `${type} /usr/lib/cni/${type} `).join('\n'),
    );
    const [first, ...rest] = conflistIn(kni, '/etc/kni/net.d/05').plugins;
    expect(first).toEqual({type: timestamp});
    expect(rest).toEqual(original.plugins);
    const other = conflistIn(cni, '/etc/kni/containerd-net.d/');
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
      'kni-demo-timestamp /usr/lib/cni/kni-demo-timestamp \nloopback /opt/cni/bin/loopback linked\nbridge /usr/lib/cni/bridge \nhost-local /usr/lib/cni/host-local linked\nportmap /usr/lib/cni/portmap ',
    );
    const links = Object.entries(cni).filter(([, content]) => typeof content === 'object');
    expect(links).toEqual([
      [`/opt/cni/bin/${timestamp}`, {link: `/usr/lib/cni/${timestamp}`}],
      ['/opt/cni/bin/bridge', {link: '/usr/lib/cni/bridge'}],
      ['/opt/cni/bin/portmap', {link: '/usr/lib/cni/portmap'}],
    ]);
  });

  it('refuses a node without a plugin', async () => {
    const error = await rejection(
      networksOn(`${timestamp} /usr/lib/cni/${timestamp} \nbridge /usr/lib/cni/bridge `),
      UserError,
    );
    expect(error).toMatchObject({errorCode: 'KNI-E119', why: expect.stringContaining('loopback')});
  });
});

describe('the plugin that writes the time', () => {
  const file = join(project.root, 'manifests/images/node-system/files/usr/lib/cni', timestamp);
  const run = (CNI_COMMAND: string, input: string): string =>
    execFileSync(file, {input, encoding: 'utf8', env: {...process.env, CNI_COMMAND}});

  it('answers in the version of the configuration, on one line or more', () => {
    for (const input of ['{"cniVersion":"0.4.0","name":"kni"}', '{"args":[\n1\n],"cniVersion":"0.4.0"}\n'])
      expect(JSON.parse(run('ADD', input))).toEqual({cniVersion: '0.4.0'});
  });

  it('knows its versions, and has nothing to do for DEL', () => {
    expect(JSON.parse(run('VERSION', '{"cniVersion":"1.0.0"}'))).toMatchObject({cniVersion: '1.0.0'});
    expect(run('DEL', '{"cniVersion":"1.0.0"}')).toBe('');
  });
});
