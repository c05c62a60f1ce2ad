import {describe, expect, it} from 'vitest';
import type {Attachment} from '../../../runtime/src/cni/attachment.ts';
import {environmentOf, requestConfigOf} from '../../../runtime/src/cni/request.ts';
import {invocationOf, target} from '../../rig/runtime/invocations.ts';

const configOf = (plugin: string) => `{"cniVersion":"1.0.0","name":"net","plugins":[${plugin}]}`;

const requestOf = (plugin: string, fields?: Partial<Attachment>, prevResult?: string): unknown =>
  JSON.parse(requestConfigOf('ADD', invocationOf(configOf(plugin), fields, prevResult)));

/** Of a call that is not about an attachment. */
const networkOf = (plugin: string) => {
  const {list, plugin: parsed} = invocationOf(configOf(plugin));
  return {list, plugin: parsed};
};

describe('the request configuration', () => {
  it('is the plugin configuration with name and version, and nothing else touched', () => {
    const text = requestConfigOf(
      'ADD',
      invocationOf(configOf('{"type":"a","big":9007199254740993,"x":{"y":[1.50]}}')),
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

  it('of GC lists the valid attachments under both keys that plugins read', () => {
    const network = networkOf('{"type":"a","cni.dev/attachments":[{"containerID":"old"}]}');
    const valid = [{containerID: 'box', ifname: 'eth0'}];
    expect(JSON.parse(requestConfigOf('GC', {...network, valid}))).toEqual({
      type: 'a',
      cniVersion: '1.0.0',
      name: 'net',
      'cni.dev/valid-attachments': valid,
      'cni.dev/attachments': valid,
    });
    expect(JSON.parse(requestConfigOf('GC', {...network, valid: []}))).toMatchObject({
      'cni.dev/valid-attachments': [],
    });
  });

  it('of STATUS is that of the plugin, of VERSION the version alone', () => {
    const network = networkOf('{"type":"a","x":1,"capabilities":{"dns":true}}');
    const status = {type: 'a', x: 1, cniVersion: '1.0.0', name: 'net'};
    expect(JSON.parse(requestConfigOf('STATUS', network))).toEqual(status);
    expect(JSON.parse(requestConfigOf('VERSION', network))).toEqual({cniVersion: '1.0.0'});
  });
});

describe('the environment', () => {
  const config = configOf('{"type":"a"}');
  const binDirs = ['/opt/a', '/opt/b'];
  const withArgs = (...cniArgs: Attachment['cniArgs']) => invocationOf(config, {cniArgs});

  it('has all parameters, CNI_ARGS in order', () => {
    const invocation = withArgs(['IgnoreUnknown', '1'], ['K8S_POD_NAME', 'web']);
    expect(environmentOf('ADD', invocation, binDirs)).toEqual({
      CNI_COMMAND: 'ADD',
      CNI_CONTAINERID: 'box',
      CNI_NETNS: '/run/netns/kni-x',
      CNI_IFNAME: 'eth0',
      CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=web',
      CNI_PATH: '/opt/a:/opt/b',
    });
  });

  it.each(['STATUS', 'GC'] as const)('of %s is about no container', (command) => {
    expect(environmentOf(command, networkOf('{"type":"a"}'), binDirs)).toEqual({
      CNI_COMMAND: command,
      CNI_PATH: '/opt/a:/opt/b',
    });
  });

  it('of VERSION names a container, which old plugins ask for', () => {
    expect(environmentOf('VERSION', networkOf('{"type":"a"}'), binDirs)).toEqual({
      CNI_COMMAND: 'VERSION',
      CNI_CONTAINERID: 'dummy',
      CNI_NETNS: 'dummy',
      CNI_IFNAME: 'dummy',
      CNI_PATH: '/opt/a:/opt/b',
    });
  });

  it.each([
    ['an argument with a semicolon', withArgs(['NAME', 'a;IP=10.0.0.1']), 'invalid CNI argument'],
    ['an argument with an equals sign', withArgs(['NAME', 'a=b']), 'invalid CNI argument'],
    ['a key with either', withArgs(['A;B', 'x']), 'invalid CNI argument'],
    ['an empty key', withArgs(['', 'x']), 'invalid CNI argument'],
    ['a path for an interface', invocationOf(config, {ifName: '../eth0'}), 'invalid interface name'],
    ['no sandbox', {...invocationOf(config), target: {...target, sandbox: ''}}, 'invalid sandbox id'],
    [
      'a path for a sandbox',
      {...invocationOf(config), target: {...target, sandbox: '../x'}},
      'invalid sandbox id',
    ],
  ])('is refused for %s', (_, invocation, message) => {
    for (const command of ['ADD', 'CHECK'] as const)
      expect(() => environmentOf(command, invocation, binDirs)).toThrow(message);
  });

  it('of DEL leaves out what ADD refused, so that what it belongs to can be deleted', () => {
    const invocation = withArgs(['A', '1;2'], ['B', '2']);
    expect(environmentOf('DEL', invocation, binDirs)).toMatchObject({CNI_ARGS: 'B=2'});
  });
});
