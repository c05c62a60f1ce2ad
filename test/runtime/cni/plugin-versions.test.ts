import {copyFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, vi} from 'vitest';
import {createInvokePlugin} from '../../../runtime/src/cni/plugin.ts';
import {supportedVersionsIn} from '../../../runtime/src/cni/plugin-versions.ts';
import {createExec} from '../../../runtime/src/process/exec.ts';
import {invocationOf} from '../../rig/runtime/invocations.ts';
import {type Behaviour, conflistOf, installPlugins} from '../../rig/runtime/plugins.ts';

vi.setConfig({testTimeout: 60_000});

const rig = async (behaviour: Behaviour) => {
  const plugins = await installPlugins(['demo', 'other']);
  await plugins.plan({'demo VERSION': behaviour});
  const invoke = createInvokePlugin({exec: createExec(), binDirs: [plugins.binDir], timeoutMs: 60_000});
  const {list, plugin} = invocationOf(conflistOf(plugins, ['demo']));
  const ask = async () => supportedVersionsIn(await invoke('VERSION', {list, plugin}));
  return {plugins, ask, [Symbol.asyncDispose]: () => plugins[Symbol.asyncDispose]()};
};

describe('the versions that a plugin supports', () => {
  it('are asked of it once', async () => {
    await using demo = await rig('versions(0.4.0,1.0.0)');
    expect(await demo.ask()).toEqual(['0.4.0', '1.0.0']);
    expect(await demo.ask()).toEqual(['0.4.0', '1.0.0']);
    expect(await demo.plugins.calls()).toMatchObject([
      {call: 'demo VERSION', stdin: '{"cniVersion":"1.0.0"}\n'},
    ]);
  });

  it('are asked again of another executable in its place', async () => {
    await using demo = await rig('versions(1.0.0)->versions(1.0.0,1.1.0)');
    expect(await demo.ask()).toEqual(['1.0.0']);
    const file = join(demo.plugins.binDir, 'demo');
    const text = `#!/bin/sh\nexec ${join(demo.plugins.binDir, 'other')}\n`;
    await writeFile(join(demo.plugins.dir, 'new'), text, {mode: 0o755});
    await demo.plugins.plan({'other VERSION': 'versions(1.0.0,1.1.0)'});
    await rm(file);
    await copyFile(join(demo.plugins.dir, 'new'), file);
    expect(await demo.ask()).toEqual(['1.0.0', '1.1.0']);
  });

  it('are 0.1.0 when it does not know the question', async () => {
    await using demo = await rig('no-versions');
    expect(await demo.ask()).toEqual(['0.1.0']);
  });

  it.each<[Behaviour, object]>([
    ['error(4,no)', {name: 'CniError', cniCode: 4}],
    [
      'null',
      {trouble: 'bad-result', message: expect.stringContaining('no supported CNI versions') as string},
    ],
    ['bad-json', {trouble: 'bad-result'}],
    ['print({"supportedVersions":[]})', {trouble: 'bad-result'}],
    ['exit', {name: 'CniError'}],
  ])('are not known after %s, and asked again', async (behaviour, error) => {
    await using demo = await rig(behaviour);
    await expect(demo.ask()).rejects.toMatchObject(error);
    await demo.plugins.plan({});
    expect(await demo.ask()).toContain('1.1.0');
  });
});
