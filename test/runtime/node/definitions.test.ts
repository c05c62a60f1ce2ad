import {mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {ApiRefused} from '../../../runtime/src/node/api-client.ts';
import {
  definitionsResource,
  isAbsentResource,
  openDefinitions,
} from '../../../runtime/src/node/definitions.ts';
import {silent} from '../../rig/runtime/pods.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const one = {namespace: 'one', name: 'net', config: '{"name":"a"}'};
const other = {namespace: 'other', name: 'net', config: ''};

describe('NetworkAttachmentDefinitions', () => {
  it('are found by namespace and name, and forgotten when they are gone', async () => {
    await using dir = await tempDir();
    const {find, replace} = await openDefinitions(dir.join('definitions.json'), silent);
    expect(find('one', 'net')).toBeUndefined();
    await replace([one, other]);
    expect(find('one', 'net')).toEqual(one);
    expect(find('other', 'net')).toEqual(other);
    expect(find('one', 'other')).toBeUndefined();
    await replace([other]);
    expect(find('one', 'net')).toBeUndefined();
  });

  it('are remembered, the newest of many changes', async () => {
    await using dir = await tempDir();
    const path = dir.join('definitions.json');
    const {replace} = await openDefinitions(path, silent);
    const configs = Array.from({length: 50}, (_, index) => ({...one, config: String(index)}));
    await Promise.all(configs.map((each) => replace([each])));
    const again = await openDefinitions(path, silent);
    expect(again.find('one', 'net')?.config).toBe('49');
  });

  it.each(['', '{', '7', '[7]'])('are empty when the file contains %j', async (text) => {
    await using dir = await tempDir();
    await writeFile(dir.join('definitions.json'), text);
    expect((await openDefinitions(dir.join('definitions.json'), silent)).find('one', 'net')).toBeUndefined();
  });

  it('serve even if they cannot be remembered, which is made up for later', async () => {
    await using dir = await tempDir();
    const path = dir.join('state/definitions.json');
    const {find, replace} = await openDefinitions(path, silent);
    await replace([one]);
    expect(find('one', 'net')).toEqual(one);
    await mkdir(dir.join('state'));
    await replace([one]);
    expect(await readFile(path, 'utf8')).toContain('"net"');
    await rm(path);
  });

  it.each([
    ['with a configuration', {spec: {config: '{}'}}, '{}'],
    ['without one', {spec: {}}, ''],
    ['without anything', {}, ''],
    ['of another shape', {spec: {config: 7}}, ''],
  ])('%s are read', (_, rest, config) => {
    const object = {metadata: {namespace: 'n', name: 'net'}, ...rest};
    expect(definitionsResource.itemOf(object)).toEqual({namespace: 'n', name: 'net', config});
  });

  it('need not be there for the cluster to be well', () => {
    expect([403, 404, 500].filter((status) => isAbsentResource(new ApiRefused(status, '')))).toEqual([
      403, 404,
    ]);
    expect(isAbsentResource(new Error('connect ECONNREFUSED'))).toBe(false);
  });
});
