import {writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {definitionsResource} from '../../../runtime/src/node/definitions.ts';
import {readKubeconfig} from '../../../runtime/src/node/kubeconfig.ts';
import {nodesResource} from '../../../runtime/src/node/node-facts.ts';
import {watchResource} from '../../../runtime/src/node/watch-resource.ts';
import {kubeconfigFor, startApiServer} from '../../rig/runtime/api-server.ts';
import {createAuthority} from '../../rig/runtime/certificates.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const a = {name: 'a', podCIDR: '10.244.1.0/24', internalIp: '172.18.0.2'};
const b = {name: 'b', podCIDR: '10.244.2.0/24', internalIp: '172.18.0.3'};

const rig = async (trusted = createAuthority()) => {
  const dir = await tempDir();
  const api = startApiServer(trusted);
  const port = await api.listen(0);
  const {cert, key} = api.authority.issue('system:node:a');
  await writeFile(dir.join('client.pem'), cert + key);
  const useAuthority = (ca: string) =>
    writeFile(dir.join('config'), kubeconfigFor(`https://127.0.0.1:${port}`, ca, dir.join('client.pem')));
  await useAuthority(api.authority.cert);
  const stop = new AbortController();
  const readCluster = () => readKubeconfig(dir.join('config'));
  return {
    api,
    useAuthority,
    stop,
    watch: () => watchResource(nodesResource, readCluster, stop.signal),
    watchDefinitions: () => watchResource(definitionsResource, readCluster, stop.signal),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await api.close();
      await dir[Symbol.asyncDispose]();
    },
  };
};

const namesOf = (result: IteratorResult<readonly {readonly name: string}[]>) =>
  result.done ? 'the end' : result.value.map(({name}) => name);

describe('watching a resource', () => {
  it('begins with all of them and goes on with every change', async () => {
    await using at = await rig();
    const {api, watch} = at;
    api.setNodes([a]);
    const nodes = watch();
    expect(namesOf(await nodes.next())).toEqual(['a']);
    api.setNodes([a, b]);
    await nodes.next();
    expect(namesOf(await nodes.next())).toEqual(['a', 'b']);
    api.setNodes([b]);
    await nodes.next();
    expect(namesOf(await nodes.next())).toEqual(['b']);
    expect(api.requests).toEqual(['system:node:a /api/v1/nodes', 'system:node:a /api/v1/nodes?watch']);
  });

  it('misses nothing between reading and watching', async () => {
    await using at = await rig();
    const {api, watch} = at;
    api.setNodes([a]);
    const nodes = watch();
    await nodes.next();
    api.setNodes([b]); // before the watch has been asked for
    await nodes.next();
    expect(namesOf(await nodes.next())).toEqual(['b']);
  });

  it('ends when the API server ends it', async () => {
    await using at = await rig();
    const {api, watch} = at;
    api.setNodes([a]);
    const nodes = watch();
    await nodes.next();
    const next = nodes.next();
    await api.endWatches('clean');
    expect(namesOf(await next)).toBe('the end');
  });

  it.each([
    ['expired', 'answered 410'],
    ['cut', 'aborted'],
  ] as const)('fails when it cannot go on: %s', async (how, message) => {
    await using at = await rig();
    const {api, watch} = at;
    api.setNodes([a]);
    const nodes = watch();
    await nodes.next();
    const next = nodes.next();
    next.catch(() => undefined);
    await api.endWatches(how);
    await expect(next).rejects.toThrow(message);
  });

  it('fails when it is refused, with the reason', async () => {
    await using at = await rig();
    const {api, watch} = at;
    api.answer(403);
    await expect(watch().next()).rejects.toMatchObject({name: 'ApiRefused', statusCode: 403});
  });

  it('trusts only the certificate authority of the kubeconfig', async () => {
    await using at = await rig();
    const {watch, useAuthority} = at;
    await useAuthority(createAuthority().cert);
    await expect(watch().next()).rejects.toThrow(/certificate/);
  });

  it('can be stopped', async () => {
    await using at = await rig();
    const {api, watch, stop} = at;
    api.setNodes([a]);
    const nodes = watch();
    await nodes.next();
    const next = nodes.next();
    stop.abort();
    await expect(next).rejects.toThrow(/aborted/);
  });

  it('keeps objects of one name in different namespaces apart', async () => {
    await using at = await rig();
    const {api, watchDefinitions} = at;
    await expect(watchDefinitions().next()).rejects.toMatchObject({name: 'ApiRefused', statusCode: 404});
    const one = {namespace: 'one', name: 'net', config: '{}'};
    const other = {namespace: 'other', name: 'net'};
    api.setDefinitions([one, other]);
    const definitions = watchDefinitions();
    expect((await definitions.next()).value).toEqual([one, {...other, config: ''}]);
    api.setDefinitions([other]);
    await definitions.next();
    expect((await definitions.next()).value).toEqual([{...other, config: ''}]);
  });
});
