import {describe, expect, it, vi} from 'vitest';
import type {Attachment} from '../../../runtime/src/cni/attachment.ts';
import {createExec} from '../../../runtime/src/cni/exec.ts';
import {addNetwork, delNetwork} from '../../../runtime/src/cni/network.ts';
import {createInvokePlugin} from '../../../runtime/src/cni/plugin.ts';
import {conflistOf, installPlugins, type Plugins} from '../rig/plugins.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

const target = {sandbox: 'box', netns: '/run/netns/kni-x'};
const types = ['first', 'second', 'third'];

const rig = async () => {
  const plugins = await installPlugins(types);
  const invoke = createInvokePlugin({exec: createExec(), binDirs: [plugins.binDir], timeoutMs: 60_000});
  const attachment: Attachment = {
    network: 'rig',
    ifName: 'eth0',
    config: conflistOf(plugins, types),
    cniArgs: [],
    capabilityArgs: {},
  };
  return {plugins, invoke, attachment, [Symbol.asyncDispose]: () => plugins[Symbol.asyncDispose]()};
};

const seen = async (plugins: Plugins) =>
  (await plugins.calls()).map(({call, stdin}) => {
    const {prevResult} = JSON.parse(stdin) as {prevResult?: object};
    return prevResult ? `${call} with result` : call;
  });

describe('a network of several plugins', () => {
  it('is added in order, each plugin given the result of the one before', async () => {
    await using chain = await rig();
    const result = await addNetwork(chain.invoke, chain.attachment, target);
    expect(JSON.parse(result)).toMatchObject({ips: [{address: '10.99.0.2/24'}]});
    expect(await seen(chain.plugins)).toEqual([
      'first ADD',
      'second ADD with result',
      'third ADD with result',
    ]);
  });

  it('is deleted in reverse, every plugin given the final result', async () => {
    await using chain = await rig();
    await delNetwork(chain.invoke, {...chain.attachment, result: '{"cniVersion":"1.0.0"}'}, target);
    expect(await seen(chain.plugins)).toEqual([
      'third DEL with result',
      'second DEL with result',
      'first DEL with result',
    ]);
  });

  it('is deleted without a result when there never was one', async () => {
    await using chain = await rig();
    await delNetwork(chain.invoke, chain.attachment, {...target, netns: ''});
    expect(await seen(chain.plugins)).toEqual(['third DEL', 'second DEL', 'first DEL']);
    expect((await chain.plugins.calls())[0]?.env['CNI_NETNS']).toBe('');
  });

  it.each([
    ['ADD', addNetwork, ['first ADD', 'second ADD with result']],
    ['DEL', delNetwork, ['third DEL', 'second DEL']],
  ] as const)('stops at the first plugin that fails to %s', async (command, act, expected) => {
    await using chain = await rig();
    await chain.plugins.plan({[`second ${command}`]: 'error'});
    await expect(act(chain.invoke, chain.attachment, target)).rejects.toMatchObject({
      name: 'CniError',
      plugin: 'second',
    });
    expect(await seen(chain.plugins)).toEqual(expected);
  });
});
