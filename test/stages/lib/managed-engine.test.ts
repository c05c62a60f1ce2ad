import {mkdir, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {describe, expect, it} from 'vitest';
import {dirsOf} from '../../../src/cache/dirs.ts';
import {
  managedEngine,
  managedEnginePid,
  managedLink,
  toolsDirectory,
  withTools,
} from '../../../src/stages/lib/managed-engine.ts';
import {envOf} from '../../rig/demo.ts';
import {fakeHost} from '../../rig/fake-host.ts';
import {tempDir} from '../../rig/temp-dir.ts';

describe('withTools', () => {
  const dirs = dirsOf({XDG_CACHE_HOME: '/c', XDG_STATE_HOME: '/s'});

  it("looks for the user's own programs first, for ours last, but for a kind that was brought because theirs is too old", async () => {
    using host = fakeHost('$ kind version');
    await withTools(host, dirs, '/usr/bin').run(['kind', ['version']], {cwd: '/x'});
    expect(host.options).toEqual([
      {
        cwd: '/x',
        env: {
          PATH: [
            `${toolsDirectory(dirs)}/kind/usr/bin`,
            '/usr/bin:/usr/local/sbin:/usr/sbin:/sbin',
            ...['engine/usr/bin', 'engine/usr/sbin'].map((name) => `${toolsDirectory(dirs)}/${name}`),
          ].join(':'),
        },
      },
    ]);
  });

  it('leaves a PATH that a command asks for', async () => {
    using host = fakeHost('$ a');
    await withTools(host, dirs, '/usr/bin').run(['a', []], {env: {PATH: '/mine', OTHER: '1'}});
    expect(host.options[0]?.env).toEqual({PATH: '/mine', OTHER: '1'});
  });
});

describe('managedEnginePid', () => {
  it.each([
    ['the pid file is missing', undefined],
    ['it is empty', ''],
    ['it holds no number', 'soon\n'],
    ['the process is gone', '4194999\n'],
    ['the process is another one', `${process.pid}\n`],
  ])('is not running if %s', async (_, content) => {
    await using dir = await tempDir();
    const dirs = dirsOf(envOf(dir));
    const {pidFile} = managedEngine(dirs);
    await mkdir(dirname(pidFile), {recursive: true});
    if (content !== undefined) await writeFile(pidFile, content);
    expect(await managedEnginePid(dirs)).toBeUndefined();
  });
});

describe('managedLink', () => {
  it('is never one that leads elsewhere', async () => {
    await using dir = await tempDir();
    // Whatever docker command this machine has, it does not lead into this directory.
    expect(await managedLink(dirsOf(envOf(dir)))).toBeUndefined();
  });
});
