import {rename} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, vi} from 'vitest';
import {addNetwork, delNetwork} from '../../../runtime/src/cni/network.ts';
import {hostInterfacesOf} from '../../../runtime/src/cni/result.ts';
import {isAlive} from '../../rig/processes.ts';
import {target} from '../../rig/runtime/invocations.ts';
import {callsOf, pluginChain} from '../../rig/runtime/plugin-chain.ts';
import type {Behaviour, Plugins} from '../../rig/runtime/plugins.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

type PluginChain = Awaited<ReturnType<typeof pluginChain>>;

/** The result of an ADD that succeeds. */
const added = async ({invoke, attachment}: Pick<PluginChain, 'invoke' | 'attachment'>) => {
  const {attachment: after, error} = await addNetwork(invoke, attachment, target);
  if (error !== undefined) throw error;
  return after.result ?? '';
};

const seen = async (plugins: Plugins) =>
  (await plugins.calls()).map(({call, stdin}) => {
    const {prevResult} = JSON.parse(stdin) as {prevResult?: object};
    return prevResult ? `${call} with result` : call;
  });

describe('a network of several plugins', () => {
  it('is added in order, and each plugin gets the result of the one before', async () => {
    await using chain = await pluginChain();
    const result = await added(chain);
    expect(JSON.parse(result)).toMatchObject({ips: [{address: '10.99.0.2/24'}]});
    expect(await seen(chain.plugins)).toEqual([
      'first ADD',
      'second ADD with result',
      'third ADD with result',
    ]);
  });

  it('is deleted in reverse, and every plugin gets the final result', async () => {
    await using chain = await pluginChain();
    await delNetwork(chain.invoke, {...chain.attachment, result: '{"cniVersion":"1.0.0"}'}, target);
    expect(await seen(chain.plugins)).toEqual([
      'third DEL with result',
      'second DEL with result',
      'first DEL with result',
    ]);
  });

  it('is deleted without a result when there never was one', async () => {
    await using chain = await pluginChain();
    await delNetwork(chain.invoke, chain.attachment, {...target, netns: ''});
    expect(await seen(chain.plugins)).toEqual(['third DEL', 'second DEL', 'first DEL']);
    expect((await chain.plugins.calls())[0]?.env['CNI_NETNS']).toBe('');
  });

  it.each([
    ['ADD', added, ['first ADD', 'second ADD with result']],
    [
      'DEL',
      ({invoke, attachment}: PluginChain) => delNetwork(invoke, attachment, target),
      ['third DEL', 'second DEL'],
    ],
  ] as const)('stops at the first plugin that fails to %s', async (command, act, expected) => {
    await using chain = await pluginChain();
    await chain.plugins.plan({[`second ${command}`]: 'error'});
    await expect(act(chain)).rejects.toMatchObject({name: 'CniError', plugin: 'second'});
    expect(await seen(chain.plugins)).toEqual(expected);
  });

  it('whose second plugin fails is deleted from end to end, the failed one included', async () => {
    await using chain = await pluginChain();
    await chain.plugins.plan({'second ADD': 'error(7,no such range,10.0.0.0/40)'});
    const {attachment, error} = await addNetwork(chain.invoke, chain.attachment, target);
    expect(error).toMatchObject({
      plugin: 'second',
      command: 'ADD',
      cniCode: 7,
      msg: 'no such range',
      details: '10.0.0.0/40',
    });
    expect(attachment).toEqual({...chain.attachment, started: 2});
    await delNetwork(chain.invoke, attachment, target);
    expect((await seen(chain.plugins)).slice(2)).toEqual(['third DEL', 'second DEL', 'first DEL']);
  });

  it.each(['hang', 'fork-hang'] as const)('whose second plugin does %s can be deleted', async (behaviour) => {
    await using chain = await pluginChain({}, 3_000);
    await chain.plugins.plan({'second ADD': behaviour});
    const {attachment, error} = await addNetwork(chain.invoke, chain.attachment, target);
    expect(error).toMatchObject({plugin: 'second', trouble: 'timed-out'});
    expect(attachment.started).toBe(2);
    const [, second] = await chain.plugins.calls();
    expect(isAlive(second?.pid ?? 0)).toBe(false);
    await delNetwork(chain.invoke, attachment, target);
    expect((await seen(chain.plugins)).slice(2)).toEqual(['third DEL', 'second DEL', 'first DEL']);
  });

  it('continues DEL after a plugin that needs no cleanup (code 3)', async () => {
    await using chain = await pluginChain();
    await chain.plugins.plan({'second DEL': 'error(3,unknown container)'});
    await delNetwork(chain.invoke, chain.attachment, target);
    expect(await callsOf(chain.plugins)).toEqual(['third DEL', 'second DEL', 'first DEL']);
  });

  it.each<[string, Behaviour]>([
    ['answers with code 1', 'error(1,incompatible version)'],
    ['answers with any other error', 'exit'],
  ])('continues DEL after a plugin that never started and %s', async (_, answer) => {
    await using chain = await pluginChain();
    await chain.plugins.plan({'first ADD': 'error', 'second DEL': answer});
    const {attachment} = await addNetwork(chain.invoke, chain.attachment, target);
    expect(attachment.started).toBe(1);
    await delNetwork(chain.invoke, attachment, target);
    expect((await callsOf(chain.plugins)).slice(1)).toEqual(['third DEL', 'second DEL', 'first DEL']);
  });

  it.each<[string, (plugins: Plugins) => Promise<unknown>]>([
    ['answers with code 1', (plugins) => plugins.plan({'second DEL': 'error(1,incompatible version)'})],
    ['is missing', ({binDir}) => rename(join(binDir, 'second'), join(binDir, 'second-away'))],
  ])('is not deleted past a plugin that was started and now %s', async (_, change) => {
    await using chain = await pluginChain();
    await chain.plugins.plan({'third ADD': 'error'});
    const {attachment} = await addNetwork(chain.invoke, chain.attachment, target);
    await change(chain.plugins);
    await expect(delNetwork(chain.invoke, attachment, target)).rejects.toMatchObject({plugin: 'second'});
    expect((await callsOf(chain.plugins)).filter((call) => call.endsWith('DEL'))).not.toContain('first DEL');
  });

  it('counts a plugin that is missing at ADD as not started', async () => {
    await using chain = await pluginChain();
    await rename(join(chain.plugins.binDir, 'second'), join(chain.plugins.binDir, 'second-away'));
    const {attachment, error} = await addNetwork(chain.invoke, chain.attachment, target);
    expect([error, attachment.started]).toMatchObject([{trouble: 'missing'}, 1]);
    await delNetwork(chain.invoke, attachment, target);
    expect(await callsOf(chain.plugins)).toEqual(['first ADD', 'third DEL', 'first DEL']);
  });

  it('remembers the node interfaces that a later plugin drops from the result', async () => {
    await using chain = await pluginChain();
    const interfaces = [{name: 'veth0a'}, {name: 'eth0', sandbox: target.netns}];
    await chain.plugins.plan({
      'first ADD': `print(${JSON.stringify({cniVersion: '1.0.0', interfaces})})`,
      'second ADD': 'print({"cniVersion":"1.0.0"})',
    });
    const {attachment} = await addNetwork(chain.invoke, chain.attachment, target);
    expect(hostInterfacesOf(attachment)).toEqual(['veth0a']);
  });

  it('passes no result to DEL before CNI 0.4.0', async () => {
    await using chain = await pluginChain({cniVersion: '0.3.1'});
    const result = await added(chain);
    await delNetwork(chain.invoke, {...chain.attachment, result}, target);
    expect((await seen(chain.plugins)).slice(3)).toEqual(['third DEL', 'second DEL', 'first DEL']);
  });

  it('stores the result in the version of the list, for plugins of any version', async () => {
    await using chain = await pluginChain({cniVersion: '0.4.0'});
    await chain.plugins.plan({
      'first ADD': 'print({"cniVersion":"0.2.0","ip4":{"ip":"10.99.0.2/24"},"own":9007199254740993})',
      'third ADD': 'other-version(1.1.0)',
    });
    const result = await added(chain);
    expect(result).toContain('"version":"4"');
    expect(JSON.parse(result)).toMatchObject({cniVersion: '0.4.0', ips: [{address: '10.99.0.2/24'}]});
    const [, second] = await chain.plugins.calls();
    expect(second?.stdin).toContain('"own":9007199254740993');
    expect(JSON.parse(second?.stdin ?? '')).toMatchObject({
      prevResult: {cniVersion: '0.4.0', ips: [{version: '4', address: '10.99.0.2/24'}]},
    });
  });
});
