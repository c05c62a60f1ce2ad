import {rename} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, vi} from 'vitest';
import {parseConflist} from '../../../runtime/src/cni/conflist.ts';
import {
  addNetwork,
  checkNetwork,
  collectGarbage,
  delNetwork,
  statusOfNetwork,
} from '../../../runtime/src/cni/network.ts';
import {createInvokePlugin} from '../../../runtime/src/cni/plugin.ts';
import {hostInterfacesOf} from '../../../runtime/src/cni/result.ts';
import {createExec} from '../../../runtime/src/process/exec.ts';
import {attachmentOf, target} from '../rig/invocations.ts';
import {type Behaviour, conflistOf, installPlugins, isAlive, type Plugins} from '../rig/plugins.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

const types = ['first', 'second', 'third'];

const rig = async (fields: object = {}, timeoutMs = 60_000) => {
  const plugins = await installPlugins(types);
  const invoke = createInvokePlugin({exec: createExec(), binDirs: [plugins.binDir], timeoutMs});
  const config = JSON.stringify({...(JSON.parse(conflistOf(plugins, types)) as object), ...fields});
  return {
    plugins,
    invoke,
    list: parseConflist(config),
    attachment: attachmentOf(config),
    [Symbol.asyncDispose]: () => plugins[Symbol.asyncDispose](),
  };
};

type Rig = Awaited<ReturnType<typeof rig>>;

const callsOf = async (plugins: Plugins) => (await plugins.calls()).map(({call}) => call);

/** The result of an ADD that succeeds. */
const added = async ({invoke, attachment}: Pick<Rig, 'invoke' | 'attachment'>) => {
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
  it('is added in order, each plugin given the result of the one before', async () => {
    await using chain = await rig();
    const result = await added(chain);
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
    ['ADD', added, ['first ADD', 'second ADD with result']],
    [
      'DEL',
      ({invoke, attachment}: Rig) => delNetwork(invoke, attachment, target),
      ['third DEL', 'second DEL'],
    ],
  ] as const)('stops at the first plugin that fails to %s', async (command, act, expected) => {
    await using chain = await rig();
    await chain.plugins.plan({[`second ${command}`]: 'error'});
    await expect(act(chain)).rejects.toMatchObject({name: 'CniError', plugin: 'second'});
    expect(await seen(chain.plugins)).toEqual(expected);
  });

  it('whose second plugin fails is deleted from end to end, the failed one included', async () => {
    await using chain = await rig();
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
    await using chain = await rig({}, 3_000);
    await chain.plugins.plan({'second ADD': behaviour});
    const {attachment, error} = await addNetwork(chain.invoke, chain.attachment, target);
    expect(error).toMatchObject({plugin: 'second', trouble: 'timed-out'});
    expect(attachment.started).toBe(2);
    const [, second] = await chain.plugins.calls();
    expect(await isAlive(second?.pid ?? 0)).toBe(false);
    await delNetwork(chain.invoke, attachment, target);
    expect((await seen(chain.plugins)).slice(2)).toEqual(['third DEL', 'second DEL', 'first DEL']);
  });

  it('continues DEL after a plugin that needs no cleanup (code 3)', async () => {
    await using chain = await rig();
    await chain.plugins.plan({'second DEL': 'error(3,unknown container)'});
    await delNetwork(chain.invoke, chain.attachment, target);
    expect(await callsOf(chain.plugins)).toEqual(['third DEL', 'second DEL', 'first DEL']);
  });

  it.each<[string, Behaviour]>([
    ['answers with code 1', 'error(1,incompatible version)'],
    ['answers with any other error', 'exit'],
  ])('continues DEL after a plugin that never started and %s', async (_, answer) => {
    await using chain = await rig();
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
    await using chain = await rig();
    await chain.plugins.plan({'third ADD': 'error'});
    const {attachment} = await addNetwork(chain.invoke, chain.attachment, target);
    await change(chain.plugins);
    await expect(delNetwork(chain.invoke, attachment, target)).rejects.toMatchObject({plugin: 'second'});
    expect((await callsOf(chain.plugins)).filter((call) => call.endsWith('DEL'))).not.toContain('first DEL');
  });

  it('counts a plugin that is missing at ADD as not started', async () => {
    await using chain = await rig();
    await rename(join(chain.plugins.binDir, 'second'), join(chain.plugins.binDir, 'second-away'));
    const {attachment, error} = await addNetwork(chain.invoke, chain.attachment, target);
    expect([error, attachment.started]).toMatchObject([{trouble: 'missing'}, 1]);
    await delNetwork(chain.invoke, attachment, target);
    expect(await callsOf(chain.plugins)).toEqual(['first ADD', 'third DEL', 'first DEL']);
  });

  it('remembers the node interfaces that a later plugin drops from the result', async () => {
    await using chain = await rig();
    const interfaces = [{name: 'veth0a'}, {name: 'eth0', sandbox: target.netns}];
    await chain.plugins.plan({
      'first ADD': `print(${JSON.stringify({cniVersion: '1.0.0', interfaces})})`,
      'second ADD': 'print({"cniVersion":"1.0.0"})',
    });
    const {attachment} = await addNetwork(chain.invoke, chain.attachment, target);
    expect(hostInterfacesOf(attachment)).toEqual(['veth0a']);
  });

  it('gives DEL no result before CNI 0.4.0, which had none', async () => {
    await using chain = await rig({cniVersion: '0.3.1'});
    const result = await added(chain);
    await delNetwork(chain.invoke, {...chain.attachment, result}, target);
    expect((await seen(chain.plugins)).slice(3)).toEqual(['third DEL', 'second DEL', 'first DEL']);
  });

  it('stores the result in the version of the list, whatever its plugins speak', async () => {
    await using chain = await rig({cniVersion: '0.4.0'});
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

describe('a check of an attachment', () => {
  const attached = async (fields: object = {}) => {
    const chain = await rig({
      plugins: types.map((type) => ({type, capabilities: {mac: true}})),
      ...fields,
    });
    const result = '{"cniVersion":"1.0.0","ips":[{"address":"10.99.0.2/24"}]}';
    const cniArgs = [['K8S_POD_NAME', 'web']] as const;
    return {...chain, attachment: {...chain.attachment, result, cniArgs, capabilityArgs: {mac: '0a::'}}};
  };

  it('asks all plugins in order, each given what ADD was given and has answered', async () => {
    await using chain = await attached();
    expect(await checkNetwork(chain.invoke, chain.attachment, target)).toBe(true);
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

  it('stops at the first that finds something wrong', async () => {
    await using chain = await attached();
    await chain.plugins.plan({'second CHECK': 'error(100,address is gone)'});
    await expect(checkNetwork(chain.invoke, chain.attachment, target)).rejects.toMatchObject({
      cniCode: 100,
      msg: 'address is gone',
    });
    expect(await callsOf(chain.plugins)).toEqual(['first CHECK', 'second CHECK']);
  });

  it.each([{cniVersion: '0.3.1'}, {disableCheck: true}, {disableCheck: 'true'}])(
    'is not made with %j',
    async (fields) => {
      await using chain = await attached(fields);
      expect(await checkNetwork(chain.invoke, chain.attachment, target)).toBe(false);
      expect(await callsOf(chain.plugins)).toEqual([]);
    },
  );

  it('is refused without a result', async () => {
    await using chain = await rig();
    await expect(checkNetwork(chain.invoke, chain.attachment, target)).rejects.toMatchObject({
      name: 'NotAdded',
    });
    expect(await callsOf(chain.plugins)).toEqual([]);
  });
});

describe('the status of a network', () => {
  it('is asked of all plugins in order, about no container', async () => {
    await using chain = await rig({cniVersion: '1.1.0'});
    await statusOfNetwork(chain.invoke, chain.list);
    const calls = await chain.plugins.calls();
    expect(calls.map(({call}) => call)).toEqual(['first STATUS', 'second STATUS', 'third STATUS']);
    for (const {env, stdin} of calls) {
      expect(Object.keys(env).sort()).toEqual(['CNI_COMMAND', 'CNI_PATH']);
      expect(JSON.parse(stdin)).not.toHaveProperty('prevResult');
    }
  });

  it.each([50, 51, 100])('is the error %i of the first that is not ready', async (cniCode) => {
    await using chain = await rig({cniVersion: '1.1.0'});
    await chain.plugins.plan({'second STATUS': `error(${cniCode},pool is empty)`});
    await expect(statusOfNetwork(chain.invoke, chain.list)).rejects.toMatchObject({
      plugin: 'second',
      cniCode,
      msg: 'pool is empty',
    });
    expect(await callsOf(chain.plugins)).toEqual(['first STATUS', 'second STATUS']);
  });

  it('is not asked before CNI 1.1.0', async () => {
    await using chain = await rig();
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

  it('tells all plugins what is still valid', async () => {
    await using chain = await rig({cniVersion: '1.1.0'});
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

  it('continues after a failure, and returns all', async () => {
    await using chain = await rig({cniVersion: '1.1.0'});
    await chain.plugins.plan({'first GC': 'error(5,disk)', 'second VERSION': 'signal', 'third GC': 'exit'});
    const failures = await collectGarbage(chain.invoke, chain.list, []);
    expect(failures).toMatchObject([
      {plugin: 'first', command: 'GC', cniCode: 5},
      {plugin: 'second', trouble: 'killed'},
      {plugin: 'third', command: 'GC'},
    ]);
    expect(await collected(chain.plugins)).toEqual(['first GC', 'third GC']);
  });

  it('has its time for all of them together', async () => {
    await using chain = await rig({cniVersion: '1.1.0'});
    await chain.plugins.plan({'second GC': 'hang'});
    const left = [60_000, 60_000, 60_000, 200]; // VERSION and GC of the first, then of the second
    const timeLeft = () => left.shift() ?? 0;
    expect(await collectGarbage(chain.invoke, chain.list, valid, timeLeft)).toMatchObject([
      {plugin: 'second', trouble: 'timed-out'},
      {plugin: 'third', trouble: 'timed-out', message: expect.stringContaining('is used up')},
    ]);
  });

  it('leaves out plugins that do not know of it', async () => {
    await using chain = await rig({cniVersion: '1.1.0'});
    await chain.plugins.plan({'first VERSION': 'versions(0.4.0,1.0.0)', 'third VERSION': 'no-versions'});
    expect(await collectGarbage(chain.invoke, chain.list, valid)).toEqual([]);
    expect(await collected(chain.plugins)).toEqual(['second GC']);
  });

  it.each([{cniVersion: '1.0.0'}, {cniVersion: '1.1.0', disableGC: true}])(
    'runs nothing with %j',
    async (fields) => {
      await using chain = await rig(fields);
      expect(await collectGarbage(chain.invoke, chain.list, valid)).toEqual([]);
      expect(await callsOf(chain.plugins)).toEqual([]);
    },
  );
});
