import {mkdir, rm, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {type NodeNetworkOptions, openNodeNetwork} from '../../../runtime/src/node/node-network.ts';
import type {Exec} from '../../../runtime/src/process/exec.ts';
import {silent} from '../../rig/runtime/pods.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const exec: Exec = async ({file}) => {
  throw new Error(`${file} was not expected to be run`);
};
const conflist = JSON.stringify({cniVersion: '1.0.0', name: 'net', plugins: [{type: 'ptp'}]});
const status = {reason: 'PluginNotReady', message: 'uplink down'};
const pool = {reason: 'AddressPoolExhausted', message: 'no address left'};

const rig = async (options: Pick<NodeNetworkOptions, 'statusOf' | 'addressesOf'>) => {
  const dir = await tempDir();
  for (const name of ['net.d', 'bin', 'state']) await mkdir(dir.join(name));
  const write = (path: string, text: string) => writeFile(dir.join(path), text);
  const node = await openNodeNetwork({
    ...options,
    exec,
    log: silent,
    nodeName: 'a',
    confDir: dir.join('net.d'),
    binDirs: [dir.join('bin')],
    stateDir: dir.join('state'),
    repairIntervalMs: 60_000,
    ipamDir: dir.join('state/ipam'),
    podSubnets: [],
    backend: 'host-gw',
    foreignNetwork: undefined,
    neededFiles: [],
    kubeconfig: dir.join('kubelet.conf'),
    signal: new AbortController().signal,
  });
  return {
    reason: async () => (await node.status()).trouble?.reason,
    node,
    write,
    remove: (path: string) => rm(dir.join(path)),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
};

describe('the readiness of a node', () => {
  it('tells one thing after the other, as they have to be put right', async () => {
    const says = {status: true, pool: true};
    await using at = await rig({
      statusOf: async ({name}) => (name === 'net' && says.status ? status : undefined),
      addressesOf: async ({name}) => ({pools: [], trouble: name === 'net' && says.pool ? pool : undefined}),
    });
    const {reason, write} = at;
    await write('net.d/10.conflist', '{');
    expect(await reason()).toBe('CNIConfigInvalid');
    await at.remove('net.d/10.conflist');
    expect(await reason()).toBe('NodesUnread');
    await write('net.d/10.conflist', conflist);
    expect(await reason()).toBe('CNIPluginMissing');
    await write('bin/ptp', '');
    await write('bin/loopback', '');
    expect(await reason()).toBe('PluginNotReady');
    says.status = false;
    expect(await reason()).toBe('AddressPoolExhausted');
    await expect(at.node.setup()).rejects.toMatchObject({name: 'NodeNotReady', ...pool});
    says.pool = false;
    expect(await reason()).toBeUndefined();
    await at.node.setup();
  });

  it('asks the plugins and counts addresses without a caller', async () => {
    await using at = await rig({});
    for (const name of ['ptp', 'loopback']) await at.write(`bin/${name}`, '');
    await at.write('net.d/10.conflist', conflist);
    expect(await at.reason()).toBeUndefined();
  });
});
