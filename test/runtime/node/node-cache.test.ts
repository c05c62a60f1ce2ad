import {writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {readNodeCache, writeNodeCache} from '../../../runtime/src/node/node-cache.ts';
import {tempDir} from '../../rig/temp-dir.ts';

describe('the remembered nodes', () => {
  it('come back as they were', async () => {
    await using dir = await tempDir();
    const nodes = [
      {
        name: 'a',
        podCidrs: ['10.244.1.0/24', 'fd00:1::/64'],
        internalIps: ['172.18.0.2', 'fc00::2'],
        createdAt: '2026-01-05T10:20:30Z',
      },
    ];
    await writeNodeCache(dir.join('nodes.json'), nodes);
    expect(await readNodeCache(dir.join('nodes.json'))).toEqual(nodes);
  });

  it('of the version before two families are read as well', async () => {
    await using dir = await tempDir();
    const before = [
      {name: 'a', podCidr: '10.244.1.0/24', internalIp: '172.18.0.2'},
      {name: 'b', podCidr: '10.244.2.0/24', internalIp: ''},
      {name: 'c', podCidr: '', internalIp: '172.18.0.4'},
    ];
    await writeFile(dir.join('nodes.json'), JSON.stringify(before));
    expect(await readNodeCache(dir.join('nodes.json'))).toEqual([
      {name: 'a', podCidrs: ['10.244.1.0/24'], internalIps: ['172.18.0.2']},
      {name: 'b', podCidrs: ['10.244.2.0/24'], internalIps: []},
    ]);
  });

  it('of the version before ages are read as well', async () => {
    await using dir = await tempDir();
    const before = [{name: 'a', podCidrs: ['10.244.1.0/24'], internalIps: ['172.18.0.2']}];
    await writeFile(dir.join('nodes.json'), JSON.stringify(before));
    expect(await readNodeCache(dir.join('nodes.json'))).toEqual(before);
  });

  it.each(['', '{', '7', '[7]', '[{"name":"a","podCidr":"x"}]'])(
    'are empty when the file contains %j',
    async (text) => {
      await using dir = await tempDir();
      await writeFile(dir.join('nodes.json'), text);
      expect(await readNodeCache(dir.join('nodes.json'))).toEqual([]);
    },
  );

  it('are empty at first', async () => {
    await using dir = await tempDir();
    expect(await readNodeCache(dir.join('nodes.json'))).toEqual([]);
  });
});
