import {describe, expect, it, vi} from 'vitest';
import {checkNetwork, collectGarbage, statusOfNetwork} from '../../../runtime/src/cni/network.ts';
import {target} from '../../rig/runtime/invocations.ts';
import {callsOf, pluginChain, types} from '../../rig/runtime/plugin-chain.ts';
import type {Plugins} from '../../rig/runtime/plugins.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

describe('a check of an attachment', () => {
  const attached = async (fields: object = {}) => {
    const chain = await pluginChain({
      plugins: types.map((type) => ({type, capabilities: {mac: true}})),
      ...fields,
    });
    const result = '{"cniVersion":"1.0.0","ips":[{"address":"10.99.0.2/24"}]}';
    const cniArgs = [['K8S_POD_NAME', 'web']] as const;
    return {...chain, attachment: {...chain.attachment, result, cniArgs, capabilityArgs: {mac: '0a::'}}};
  };

  it('asks all plugins in order, with the arguments and the result of ADD', async () => {
    await using chain = await attached();
    expect(await checkNetwork(chain.invoke, chain.attachment, target)).toBeUndefined();
    const calls = await chain.plugins.calls();
    expect(calls.map(({call}) => call)).toEqual(['first CHECK', 'second CHECK', 'third CHECK']);
    for (const {env, stdin} of calls) {
      expect(env).toMatchObject({
        CNI_CONTAINERID: 'box',
        CNI_NETNS: target.netns,
        CNI_IFNAME: 'eth0',
        CNI_ARGS: 'K8S_POD_NAME=web',
      });
      expect(JSON.parse(stdin)).toMatchObject({
        runtimeConfig: {mac: '0a::'},
        prevResult: {ips: [{address: '10.99.0.2/24'}]},
      });
    }
  });

  it('stops at the first plugin that reports a problem', async () => {
    await using chain = await attached();
    await chain.plugins.plan({'second CHECK': 'error(100,address is gone)'});
    await expect(checkNetwork(chain.invoke, chain.attachment, target)).rejects.toMatchObject({
      cniCode: 100,
      msg: 'address is gone',
    });
    expect(await callsOf(chain.plugins)).toEqual(['first CHECK', 'second CHECK']);
  });

  const disabled = 'its configuration sets disableCheck';

  it.each([
    [{cniVersion: '0.3.1'}, 'CNI 0.3.1 has no CHECK'],
    [{disableCheck: true}, disabled],
    [{disableCheck: 'true'}, disabled],
  ])('is not made with %j', async (fields, reason) => {
    await using chain = await attached(fields);
    expect(await checkNetwork(chain.invoke, chain.attachment, target)).toBe(reason);
    expect(await callsOf(chain.plugins)).toEqual([]);
  });

  it('is refused without a result', async () => {
    await using chain = await pluginChain();
    await expect(checkNetwork(chain.invoke, chain.attachment, target)).rejects.toMatchObject({
      name: 'NotAdded',
    });
    expect(await callsOf(chain.plugins)).toEqual([]);
  });
});

describe('the status of a network', () => {
  it('is asked of all plugins in order, without a container', async () => {
    await using chain = await pluginChain({cniVersion: '1.1.0'});
    await statusOfNetwork(chain.invoke, chain.list);
    const calls = await chain.plugins.calls();
    expect(calls.map(({call}) => call)).toEqual(['first STATUS', 'second STATUS', 'third STATUS']);
    for (const {env, stdin} of calls) {
      expect(Object.keys(env).sort()).toEqual(['CNI_COMMAND', 'CNI_PATH']);
      expect(JSON.parse(stdin)).not.toHaveProperty('prevResult');
    }
  });

  it.each([50, 51, 100])('is the error %i of the first that is not ready', async (cniCode) => {
    await using chain = await pluginChain({cniVersion: '1.1.0'});
    await chain.plugins.plan({'second STATUS': `error(${cniCode},pool is empty)`});
    await expect(statusOfNetwork(chain.invoke, chain.list)).rejects.toMatchObject({
      plugin: 'second',
      cniCode,
      msg: 'pool is empty',
    });
    expect(await callsOf(chain.plugins)).toEqual(['first STATUS', 'second STATUS']);
  });

  it('is not asked before CNI 1.1.0', async () => {
    await using chain = await pluginChain();
    await statusOfNetwork(chain.invoke, chain.list);
    expect(await callsOf(chain.plugins)).toEqual([]);
  });
});

describe('garbage collection', () => {
  const valid = [
    {containerID: 'box', ifname: 'eth0'},
    {containerID: 'box', ifname: 'net1'},
  ];
  const collected = async (plugins: Plugins) =>
    (await callsOf(plugins)).filter((call) => call.endsWith(' GC'));

  it('passes the valid attachments to all plugins', async () => {
    await using chain = await pluginChain({cniVersion: '1.1.0'});
    expect(await collectGarbage(chain.invoke, chain.list, valid)).toEqual([]);
    expect(await collected(chain.plugins)).toEqual(['first GC', 'second GC', 'third GC']);
    const gc = (await chain.plugins.calls()).find(({call}) => call === 'second GC');
    expect(Object.keys(gc?.env ?? {}).sort()).toEqual(['CNI_COMMAND', 'CNI_PATH']);
    expect(JSON.parse(gc?.stdin ?? '')).toMatchObject({
      cniVersion: '1.1.0',
      'cni.dev/valid-attachments': valid,
      'cni.dev/attachments': valid,
    });
  });

  it('continues after a failure, and returns all failures', async () => {
    await using chain = await pluginChain({cniVersion: '1.1.0'});
    await chain.plugins.plan({'first GC': 'error(5,disk)', 'second VERSION': 'signal', 'third GC': 'exit'});
    const failures = await collectGarbage(chain.invoke, chain.list, []);
    expect(failures).toMatchObject([
      {plugin: 'first', command: 'GC', cniCode: 5},
      {plugin: 'second', trouble: 'killed'},
      {plugin: 'third', command: 'GC'},
    ]);
    expect(await collected(chain.plugins)).toEqual(['first GC', 'third GC']);
  });

  it('has one deadline for all plugins together', async () => {
    await using chain = await pluginChain({cniVersion: '1.1.0'});
    await chain.plugins.plan({'second GC': 'hang'});
    const left = [60_000, 60_000, 60_000, 200]; // VERSION and GC of the first, then of the second
    const timeLeft = () => left.shift() ?? 0;
    expect(await collectGarbage(chain.invoke, chain.list, valid, timeLeft)).toMatchObject([
      {plugin: 'second', trouble: 'timed-out'},
      {plugin: 'third', trouble: 'timed-out', message: expect.stringContaining('is used up')},
    ]);
  });

  it('skips plugins that do not support GC', async () => {
    await using chain = await pluginChain({cniVersion: '1.1.0'});
    await chain.plugins.plan({'first VERSION': 'versions(0.4.0,1.0.0)', 'third VERSION': 'no-versions'});
    expect(await collectGarbage(chain.invoke, chain.list, valid)).toEqual([]);
    expect(await collected(chain.plugins)).toEqual(['second GC']);
  });

  it.each([{cniVersion: '1.0.0'}, {cniVersion: '1.1.0', disableGC: true}])(
    'runs nothing with %j',
    async (fields) => {
      await using chain = await pluginChain(fields);
      expect(await collectGarbage(chain.invoke, chain.list, valid)).toEqual([]);
      expect(await callsOf(chain.plugins)).toEqual([]);
    },
  );
});
