import {execFileSync} from 'node:child_process';
import {chmod, mkdir, rm, symlink, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {findNetwork, readConfDir} from '../../../runtime/src/cni/conf-dir.ts';
import {parseConflist} from '../../../runtime/src/cni/conflist.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const list = (name: string) => JSON.stringify({cniVersion: '1.0.0', name, plugins: [{type: 'bridge'}]});

const single = (name: string) => JSON.stringify({cniVersion: '1.0.0', name, type: 'ptp'});

const dirOf = async (files: Readonly<Record<string, string>>) => {
  const dir = await tempDir();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir.path, name)), {recursive: true});
    await writeFile(join(dir.path, name), text);
  }
  return dir;
};

const read = async (files: Readonly<Record<string, string>>) => {
  await using dir = await dirOf(files);
  return readConfDir(dir.path);
};

const find = async (name: string, files: Readonly<Record<string, string>>) => {
  await using dir = await dirOf(files);
  return findNetwork(dir.path, name);
};

/** Permissions do not bind root. */
const withoutPrivileges = <T>(work: () => T): T => {
  const uid = process.geteuid?.();
  if (uid !== 0) return work();
  process.seteuid?.(65_534);
  try {
    return work();
  } finally {
    process.seteuid?.(uid);
  }
};

const typesOf = (found: ReturnType<typeof readConfDir>) => found?.plugins.map(({type}) => type);

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
    expect(readConfDir(dir.path)).toBeUndefined();
    expect(readConfDir(join(dir.path, 'later'))).toBeUndefined();
  });

  it('with a broken file first is broken; after the one that counts it does not matter', async () => {
    await expect(read({'10-a.conflist': '{', '20-b.conflist': list('b')})).rejects.toThrow(
      /10-a\.conflist is not valid JSON/,
    );
    expect(await read({'10-a.conflist': list('a'), '20-b.conflist': '{'})).toMatchObject({name: 'a'});
  });

  it.each(['00-multus.conf', '00-multus.conflist'])(
    'may hold a directory named %s, which is skipped',
    async (name) => {
      await using dir = await dirOf({'10-a.conflist': list('a'), [`${name}/10-x.conf`]: '{'});
      expect(readConfDir(dir.path)).toMatchObject({name: 'a'});
      await symlink(join(dir.path, name), join(dir.path, '01-link.conflist'));
      expect(readConfDir(dir.path)).toMatchObject({name: 'a'});
    },
  );

  it('may hold a named pipe, which is skipped', async () => {
    await using dir = await dirOf({'10-a.conflist': list('a')});
    execFileSync('mkfifo', [join(dir.path, '00-pipe.conf')]);
    expect(readConfDir(dir.path)).toMatchObject({name: 'a'});
  });

  it('with an unreadable file first names the file and the reason', async () => {
    await using dir = await dirOf({'10-a.conflist': list('a')});
    await chmod(dir.path, 0o755);
    await symlink('05-loop.conflist', join(dir.path, '05-loop.conflist'));
    const loop = join(dir.path, '05-loop.conflist');
    expect(() => readConfDir(dir.path)).toThrow(
      `cannot read ${loop}: too many symbolic links encountered (ELOOP)`,
    );
    await rm(loop);
    await chmod(join(dir.path, '10-a.conflist'), 0);
    expect(() => withoutPrivileges(() => readConfDir(dir.path))).toThrow(
      `cannot read ${join(dir.path, '10-a.conflist')}: permission denied (EACCES)`,
    );
  });

  it('that is a file or cannot be listed is an error', async () => {
    await using dir = await dirOf({'10-a.conflist': list('a')});
    const file = join(dir.path, '10-a.conflist');
    expect(() => readConfDir(file)).toThrow(`cannot read ${file}: not a directory (ENOTDIR)`);
    await chmod(dir.path, 0);
    expect(() => withoutPrivileges(() => readConfDir(dir.path))).toThrow(
      `cannot read ${dir.path}: permission denied (EACCES)`,
    );
    await chmod(dir.path, 0o700);
  });
});

describe('plugins in a folder of the name of the network', () => {
  const folder = {
    'net/20-b.conf': '{"type":"b"}',
    'net/10-a.conf': '{"type":"a"}',
    'net/README': 'text',
    'net/30-c.conf.bak': '{',
    'other/10-x.conf': '{"type":"x"}',
  };

  it('follow those of the list, by the order of names', async () => {
    const found = await read({'10.conflist': list('net'), ...folder});
    expect(typesOf(found)).toEqual(['bridge', 'a', 'b']);
    expect(parseConflist(found?.text ?? '')).toEqual(found);
  });

  it('may be the only plugins of the network', async () => {
    const text = '{"cniVersion":"1.0.0","name":"net"}';
    expect(typesOf(await read({'10.conflist': text, ...folder}))).toEqual(['a', 'b']);
    await expect(read({'10.conflist': text})).rejects.toThrow(/10\.conflist has no "plugins"/);
  });

  it('are left out when the list asks for that, and for a single plugin', async () => {
    const only = JSON.stringify({...(JSON.parse(list('net')) as object), loadOnlyInlinedPlugins: true});
    expect(typesOf(await read({'10.conflist': only, ...folder}))).toEqual(['bridge']);
    expect(typesOf(await read({'10.conf': single('net'), ...folder}))).toEqual(['ptp']);
  });

  it('are checked like all others', async () => {
    const broken = {...folder, 'net/15-broken.conf': '{"type":"../sh"}'};
    await expect(read({'10.conflist': list('net'), ...broken})).rejects.toThrow(
      'a plugin without a valid "type"',
    );
  });
});

describe('a network that is asked for by name', () => {
  it('is found in any file', async () => {
    const files = {'10-a.conflist': list('a'), '20-b.conflist': list('b'), '30-c.json': single('c')};
    expect(await find('b', files)).toMatchObject({name: 'b'});
    expect(await find('c', files)).toMatchObject({name: 'c'});
    expect(await find('d', files)).toBeUndefined();
    expect(await find('b', {...files, 'b/10.conf': '{"type":"more"}'}).then(typesOf)).toEqual([
      'bridge',
      'more',
    ]);
  });

  it('is taken from a list before a single plugin', async () => {
    const files = {'10.conf': single('net'), '20.conflist': list('net'), '30.conflist': single('net')};
    expect(typesOf(await find('net', files))).toEqual(['bridge']);
  });

  it('ignores errors in files of other networks', async () => {
    const files = {'10.conflist': '{', '15.conflist': '{"name":"other"}', '20.conflist': list('net')};
    await using dir = await dirOf(files);
    await mkdir(join(dir.path, '05-dir.conflist'));
    expect(findNetwork(dir.path, 'net')).toMatchObject({name: 'net'});
  });

  it('is broken when its own file is', async () => {
    const files = {'10.conflist': '{"name":"net","plugins":[]}', '20.conflist': list('net')};
    await expect(find('net', files)).rejects.toThrow(/10\.conflist has an empty list/);
  });

  it('is undefined when the directory is missing', async () => {
    await using dir = await tempDir();
    expect(findNetwork(join(dir.path, 'later'), 'net')).toBeUndefined();
  });
});
