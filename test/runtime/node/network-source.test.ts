import {mkdir, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {createNetworkSource} from '../../../runtime/src/node/network-source.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const missing = () => ({reason: 'Missing', message: 'no network is configured'});
const list = (name: string, type = 'bridge') =>
  JSON.stringify({cniVersion: '1.0.0', name, plugins: [{type, ipam: {type: 'host-local'}}]});

const rig = async (plugins: readonly string[]) => {
  const dir = await tempDir();
  await writeFile(dir.join('needed'), '');
  for (const plugin of plugins) await writeFile(dir.join(plugin), '');
  const file = dir.join('10.conflist');
  return {
    source: createNetworkSource({confDir: dir.path, binDirs: [dir.path], neededFiles: [dir.join('needed')]}),
    file,
    bin: dir.path,
    needed: dir.join('needed'),
    write: (text: string) => writeFile(file, text),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
};

describe('the network to attach to', () => {
  it('is read again after every change', async () => {
    await using at = await rig([]);
    const {source, write} = at;
    expect(source.current()).toBeUndefined();
    await write(list('one'));
    expect(source.current()).toMatchObject({name: 'one'});
    await write(list('two'));
    expect(source.current()).toMatchObject({name: 'two'});
    await delay(150); // the debounce time has passed, so the file is not read again
    const cached = source.current();
    expect(source.current()).toBe(cached);
    await write(list('six'));
    expect(source.current()).toMatchObject({name: 'six'});
  });

  it('is read again after a change of the folder with its plugins', async () => {
    await using at = await rig([]);
    const {source, write} = at;
    await write(list('net'));
    await delay(150);
    expect(source.current()?.plugins).toHaveLength(1);
    await mkdir(join(at.bin, 'net'));
    await writeFile(join(at.bin, 'net', '20.conf'), JSON.stringify({type: 'portmap'}));
    expect(source.current()?.plugins).toHaveLength(2);
    await delay(150);
    expect(source.current()?.plugins).toHaveLength(2);
    await writeFile(join(at.bin, 'net', '20.conf'), JSON.stringify({type: 'loopback'}));
    expect(source.current()?.plugins[1]).toMatchObject({type: 'loopback'});
  });

  it('is the last good one while the file is broken, and none when it is removed', async () => {
    await using at = await rig([]);
    const {source, write, file} = at;
    await write(list('good'));
    source.current();
    await write('{');
    expect(source.current()).toMatchObject({name: 'good'});
    expect(source.look(missing).trouble).toMatchObject({reason: 'CNIConfigInvalid'});
    await rm(file);
    expect(source.current()).toBeUndefined();
  });

  it.each([
    [['loopback', 'bridge', 'host-local'], undefined],
    [['host-local'], 'bridge'],
    [['bridge'], 'host-local'],
  ])('with the plugins %j lacks %s', async (plugins, lacking) => {
    await using at = await rig(plugins);
    const {source, write, bin} = at;
    expect(source.look(missing).trouble).toEqual(missing());
    await write(list('net'));
    const trouble = lacking && {
      reason: 'CNIPluginMissing',
      message: `CNI plugin ${lacking} is not in ${bin}`,
    };
    expect(source.look(missing).trouble).toEqual(trouble);
  });

  it('lacks a file that its plugins need', async () => {
    await using at = await rig(['bridge', 'host-local']);
    await at.write(list('net'));
    expect(at.source.look(missing).trouble).toBeUndefined();
    await rm(at.needed);
    expect(at.source.look(missing).trouble).toEqual({
      reason: 'NetworkFileMissing',
      message: `network net needs ${at.needed}, which does not exist`,
    });
  });
});
