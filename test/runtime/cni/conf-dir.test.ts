import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {readConfDir} from '../../../runtime/src/cni/conf-dir.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const list = (name: string) => JSON.stringify({cniVersion: '1.0.0', name, plugins: [{type: 'bridge'}]});

const read = async (files: Readonly<Record<string, string>>) => {
  await using dir = await tempDir();
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir.path, name), text);
  return await readConfDir(dir.path);
};

describe('the configuration directory', () => {
  it('counts by the order of names', async () => {
    expect(await read({'20-b.conflist': list('b'), '10-a.conflist': list('a')})).toMatchObject({name: 'a'});
  });

  it('may hold a single plugin', async () => {
    const plugin = '{"cniVersion":"0.4.0","name":"single","type":"bridge"}';
    expect(await read({'10.conf': plugin})).toMatchObject({name: 'single'});
    expect(await read({'10.json': plugin})).toMatchObject({name: 'single'});
  });

  it('is not asked about files of other names, such as those in the making', async () => {
    const others = {'10-a.conflist.tmp': '{', '10-a.conflist~': '{', README: 'text', '.conflist': '{'};
    expect(await read(others)).toBeUndefined();
    expect(await read({...others, '90-z.conflist': list('z')})).toMatchObject({name: 'z'});
  });

  it('may be empty, or not there yet', async () => {
    await using dir = await tempDir();
    expect(await readConfDir(dir.path)).toBeUndefined();
    expect(await readConfDir(join(dir.path, 'later'))).toBeUndefined();
  });

  it('with a broken file first is broken; after the one that counts it does not matter', async () => {
    await expect(read({'10-a.conflist': '{', '20-b.conflist': list('b')})).rejects.toThrow(
      /10-a\.conflist is not valid JSON/,
    );
    expect(await read({'10-a.conflist': list('a'), '20-b.conflist': '{'})).toMatchObject({name: 'a'});
  });

  it('with something unreadable first says so', async () => {
    await using dir = await tempDir();
    await mkdir(join(dir.path, '10-dir.conflist'));
    await expect(readConfDir(dir.path)).rejects.toThrow('cannot be read');
  });
});
