import {writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {cli, hostOf} from '../rig/cli.ts';
import {dirWithCluster, gibibyte, machine} from '../rig/demo.ts';
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

describe('a machine that compiles Go', () => {
  /** The image of the compiler is missing, and the project does not compile. */
  const build = async (memory: number) => {
    await using dir = await tempDir();
    await writeFile(dir.join('main.go'), 'package main\n');
    const host = hostOf((line) => {
      if (line.startsWith('docker version')) return '26.1.5';
      if (line.includes('kni-demo/go-runtime-builder:') && line.startsWith('docker image inspect'))
        return '2> Error: No such image\n[exit code 1]';
      if (line.startsWith('docker run')) return 'main.go:1:1: bad\n[exit code 1]';
      return line.startsWith('kind') ? '[not found]' : '';
    });
    const roomAt = async () => ({disk: 5 * gibibyte, memory: memory * gibibyte, cores: 2});
    const ended = await cli(dir, ['runtime', 'build'], {host, machine: machine({roomAt})});
    return {...ended, images: host.ran.filter((line) => line.startsWith('docker build'))};
  };

  it('needs neither kind nor room for a cluster', async () => {
    expect(await build(2)).toMatchObject({
      errorCode: 'KNI-E222',
      stderr: expect.stringContaining('main.go:1:1: bad'),
      images: [expect.stringContaining('kni-demo/go-runtime-builder:')],
    });
  });

  it('needs memory for the compiler', async () => {
    expect(await build(0.5)).toMatchObject({
      errorCode: 'KNI-E301',
      stderr: expect.stringContaining('the Go compiler needs 1 GB of memory'),
      images: [],
    });
  });
});
