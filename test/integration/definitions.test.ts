import {readFile} from 'node:fs/promises';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type NodeApi, startNodeApi} from '../rig/node/api.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {nodeName, paths, podCidr, startRuntime, type TestRuntime} from '../rig/node/runtime.ts';
import {until} from '../rig/wait.ts';

const path = '/apis/k8s.cni.cncf.io/v1/network-attachment-definitions';
const one = {namespace: 'default', name: 'one', config: '{"name":"one"}'};
const other = {namespace: 'default', name: 'other', config: ''};

describe('the NetworkAttachmentDefinitions of a cluster', () => {
  let node: TestNode;
  let api: NodeApi;
  let runtime: TestRuntime;

  beforeAll(async () => {
    node = await startNode();
    api = await startNodeApi(node);
    await api.server.listen(api.socket);
    await api.writeCredentials();
    api.server.setNodes([{name: nodeName, podCIDR: podCidr}]);
  });
  afterAll(async () => {
    await node[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
  });

  const remembered = async () => {
    const text = await readFile(node.path(paths.definitions), 'utf8');
    return JSON.parse(text) as unknown;
  };
  const present = () => remembered().catch(() => undefined);
  const soon = {timeout: 60_000};
  const complaints = () => runtime.log.filter(({msg}) => msg.includes('NetworkAttachmentDefinitions'));
  const readiness = async () => (await runtime.kni.queryNodeNetworks({})).networks[0]?.ready;

  it('need not exist: the node is ready, and logs that once', async () => {
    runtime = await startRuntime(node);
    await until('the node is ready', async () => (await readiness()) === true);
    await until('they were asked for', () => complaints().length > 0);
    expect(complaints()).toMatchObject([
      {level: 'info', msg: 'cannot watch the NetworkAttachmentDefinitions'},
    ]);
    await runtime.stop('SIGKILL');
  });

  it('are followed as they come, change and go', async () => {
    api.server.setDefinitions([one]);
    runtime = await startRuntime(node);
    await expect.poll(present, soon).toEqual([one]);
    api.server.setDefinitions([{...one, config: '{"name":"changed"}'}, other]);
    await expect.poll(present, soon).toEqual([{...one, config: '{"name":"changed"}'}, other]);
    api.server.setDefinitions([other]);
    await expect.poll(present, soon).toEqual([other]);
  });

  it.each(['clean', 'expired', 'cut'] as const)('are followed on after a watch ended: %s', async (how) => {
    await api.server.endWatches(how, 'definitions');
    const definition = {...one, name: how};
    api.server.setDefinitions([definition]);
    await expect.poll(present, soon).toEqual([definition]);
  });

  it('are asked for with the rotated certificate', async () => {
    await api.writeCredentials('system:node:rotated');
    await api.server.endWatches('clean', 'definitions');
    await until('the new certificate is used', () =>
      api.server.requests.includes(`system:node:rotated ${path}?watch`),
    );
    api.server.setDefinitions([one]);
    await expect.poll(present, soon).toEqual([one]);
  });

  it('are kept through an outage of the API server and a restart, and followed on after it', async () => {
    await api.server.close();
    await runtime.stop('SIGKILL');
    runtime = await startRuntime(node);
    expect(await readiness()).toBe(true);
    await until('they were asked for in vain', () => complaints().length > 0);
    expect(await remembered()).toEqual([one]);
    api.server.setDefinitions([other]);
    await api.server.listen(api.socket);
    await expect.poll(present, soon).toEqual([other]);
    await until('it is said', () => complaints().some(({msg}) => msg.startsWith('watching ')));
  });

  it('are kept without the right to read them, and the node stays ready', async () => {
    await api.server.watched('definitions'); // a later watch would be refused, and no watch could be ended
    api.server.answer(403);
    await api.server.endWatches('cut', 'definitions');
    await until('it is noticed', () =>
      complaints().some(({error}) => String(error).includes('answered 403')),
    );
    expect(await remembered()).toEqual([other]);
    expect(await readiness()).toBe(true);
  });
});
