import {writeFile} from 'node:fs/promises';
import {expect, it} from 'vitest';
import {cli, hostOf} from '../rig/cli.ts';
import {dirWithCluster} from '../rig/demo.ts';
import {tempDir} from '../rig/temp-dir.ts';

it.each(['use', 'dev'])(
  'runtime %s looks for the cluster before it builds the image that compiles Go',
  async (verb) => {
    await using dir = await dirWithCluster();
    await writeFile(dir.join('main.go'), 'package main\n');
    const host = hostOf((line) =>
      line.startsWith('docker image inspect') ? '2> Error: No such image\n[exit code 1]' : '',
    );
    const ended = await cli(dir, ['runtime', verb, '.', '--name', 'test1', '--yes'], {host});
    expect(ended).toMatchObject({errorCode: 'KNI-E206', stdout: ''});
    expect(host.ran.filter((line) => line.startsWith('docker build'))).toEqual([]);
  },
);

it('runtime build refuses a file that it cannot write, before it asks docker', async () => {
  await using dir = await tempDir();
  await writeFile(dir.join('main.go'), 'package main\n');
  const host = hostOf(() => '');
  expect(await cli(dir, ['runtime', 'build', '--output', 'missing/runtime'], {host})).toMatchObject({
    errorCode: 'KNI-E213',
    stderr: expect.stringMatching(/^error: cannot write .*missing\/runtime: ENOENT/),
  });
  expect(host.ran).toEqual([]);
});
