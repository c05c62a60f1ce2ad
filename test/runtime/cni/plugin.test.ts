import {describe, expect, it, vi} from 'vitest';
import type {Attachment} from '../../../runtime/src/cni/attachment.ts';
import {parseConflist} from '../../../runtime/src/cni/conflist.ts';
import {createExec} from '../../../runtime/src/cni/exec.ts';
import {
  createInvokePlugin,
  environmentOf,
  type Invocation,
  requestConfigOf,
} from '../../../runtime/src/cni/plugin.ts';
import {type Behaviour, conflistOf, installPlugins} from '../rig/plugins.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

const target = {sandbox: 'box', netns: '/run/netns/kni-x'};

const invocationOf = (config: string, fields: Partial<Attachment> = {}, prevResult?: string): Invocation => {
  const list = parseConflist(config);
  const attachment = {network: 'net', ifName: 'eth0', config, cniArgs: [], capabilityArgs: {}, ...fields};
  return {list, plugin: list.plugins[0], attachment, target, prevResult};
};

const requestOf = (plugin: string, fields?: Partial<Attachment>, prevResult?: string): unknown => {
  const config = `{"cniVersion":"1.0.0","name":"net","plugins":[${plugin}]}`;
  return JSON.parse(requestConfigOf(invocationOf(config, fields, prevResult)));
};

describe('the request configuration', () => {
  it('is the plugin configuration with name and version, and nothing else touched', () => {
    const text = requestConfigOf(
      invocationOf(
        '{"cniVersion":"1.0.0","name":"net","plugins":[{"type":"a","big":9007199254740993,"x":{"y":[1.50]}}]}',
      ),
    );
    expect(text).toBe(
      '{"type":"a","big":9007199254740993,"x":{"y":[1.50]},"cniVersion":"1.0.0","name":"net"}',
    );
  });

  it('has the previous result when there is one', () => {
    expect(requestOf('{"type":"a"}')).not.toHaveProperty('prevResult');
    expect(requestOf('{"type":"a"}', {}, '{"ips":[]}')).toMatchObject({prevResult: {ips: []}});
  });

  it('turns the capabilities that are wanted and given into runtimeConfig', () => {
    const capabilityArgs = {portMappings: [{hostPort: 80}], dns: {servers: ['1.1.1.1']}};
    const plugin = '{"type":"a","capabilities":{"portMappings":true,"dns":false,"mac":true}}';
    const request = requestOf(plugin, {capabilityArgs});
    expect(request).toMatchObject({runtimeConfig: {portMappings: [{hostPort: 80}]}});
    expect(request).not.toHaveProperty('capabilities');
    expect(requestOf(plugin)).not.toHaveProperty('runtimeConfig');
  });

  it("does not pass on what is the runtime's to generate", () => {
    const plugin = '{"type":"a","cni.dev/x":1,"runtimeConfig":{"a":1},"prevResult":{},"capabilities":{}}';
    expect(requestOf(plugin)).toEqual({type: 'a', cniVersion: '1.0.0', name: 'net'});
  });
});

describe('the environment', () => {
  it('has all parameters, CNI_ARGS in order', () => {
    const invocation = invocationOf('{"cniVersion":"1.0.0","name":"net","plugins":[{"type":"a"}]}', {
      cniArgs: [
        ['IgnoreUnknown', '1'],
        ['K8S_POD_NAME', 'web'],
      ],
    });
    expect(environmentOf('ADD', invocation, ['/opt/a', '/opt/b'])).toEqual({
      CNI_COMMAND: 'ADD',
      CNI_CONTAINERID: 'box',
      CNI_NETNS: '/run/netns/kni-x',
      CNI_IFNAME: 'eth0',
      CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=web',
      CNI_PATH: '/opt/a:/opt/b',
    });
  });
});

describe('calling a plugin', () => {
  const call = async (behaviour: Behaviour, command: 'ADD' | 'DEL' = 'ADD', timeoutMs = 60_000) => {
    await using plugins = await installPlugins(['demo']);
    await plugins.plan({[`demo ${command}`]: behaviour});
    const invoke = createInvokePlugin({exec: createExec(), binDirs: ['/nowhere', plugins.binDir], timeoutMs});
    return await invoke(command, invocationOf(conflistOf(plugins, ['demo'])));
  };

  it('returns the result of ADD, and nothing of DEL', async () => {
    expect(JSON.parse(await call('ok'))).toMatchObject({
      cniVersion: '1.0.0',
      ips: [{address: '10.99.0.2/24'}],
    });
    expect(await call('ok', 'DEL')).toBe('');
  });

  it('takes a result without version for one of the version of the configuration', async () => {
    expect(JSON.parse(await call('no-version'))).toMatchObject({cniVersion: '1.0.0'});
  });

  it.each([
    [
      'error',
      {
        name: 'CniError',
        cniCode: 11,
        message: 'CNI plugin demo failed to ADD: no address left: in the range (code 11)',
      },
    ],
    [
      'exit',
      {name: 'CniError', cniCode: 0, message: 'CNI plugin demo failed to ADD: something went wrong (code 0)'},
    ],
    ['signal', {trouble: 'killed', message: 'CNI plugin demo was ended by SIGSEGV during ADD'}],
    ['bad-json', {trouble: 'bad-result', message: 'CNI plugin demo printed a result that is not JSON'}],
    ['null', {trouble: 'bad-result', message: 'CNI plugin demo printed a result that is not an object'}],
    [
      'other-version',
      {trouble: 'bad-result', message: 'CNI plugin demo answered in CNI version "0.2.0", not 1.0.0'},
    ],
    ['huge', {trouble: 'bad-result', message: 'CNI plugin demo printed more than 1048576 bytes'}],
  ] as const)('tells what is wrong with one that ends like this: %s', async (behaviour, error) => {
    await expect(call(behaviour)).rejects.toMatchObject(error);
  });

  it('tells one that hangs', async () => {
    await expect(call('hang', 'ADD', 300)).rejects.toMatchObject({
      trouble: 'timed-out',
      message: 'CNI plugin demo did not ADD within 300 ms and was killed',
    });
  });

  it('tells one that is not there', async () => {
    const invoke = createInvokePlugin({
      exec: createExec(),
      binDirs: ['/nowhere', '/not/here'],
      timeoutMs: 1000,
    });
    const invocation = invocationOf('{"cniVersion":"1.0.0","name":"net","plugins":[{"type":"demo"}]}');
    await expect(invoke('ADD', invocation)).rejects.toMatchObject({
      trouble: 'missing',
      message: 'CNI plugin demo is not in /nowhere or /not/here',
    });
  });
});
