import {mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {sha256File} from '../../../src/cache/digest.ts';
import {UserError} from '../../../src/errors.ts';
import {CommandError} from '../../../src/host/command-error.ts';
import {checkFiles} from '../../../src/stages/init/debian-source.ts';
import {artifactOf, artifactTask, imageExists, imageOf, imageTask} from '../../../src/stages/lib/products.ts';
import {inspectImage} from '../../../src/tools/docker.ts';
import {demoContext, exchange, rejection} from '../../rig/demo.ts';
import {fakeHost} from '../../rig/fake-host.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const fingerprint = '0123456789abcdef'.repeat(4);
const running = {
  fingerprint,
  fingerprintOf: () => fingerprint,
  signal: new AbortController().signal,
  log: () => undefined,
};
const parts = {title: 'Make it', needs: [], inputs: () => ({})};
const absent = [
  '2> Error response from daemon: No such image: kni-demo/node:0123456789abcdef',
  '[exit code 1]',
];

describe('checkFiles', () => {
  it('is content with what is pinned', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('a.tar.gz'), 'content');
    const sha256 = await sha256File(dir.join('a.tar.gz'));
    await expect(checkFiles(dir.path, [{name: 'a.tar.gz', sha256}], 'bookworm')).resolves.toBeUndefined();
  });

  it('names the file whose digest is another', async () => {
    await using dir = await tempDir();
    for (const name of ['a.tar.gz', 'b.tar.gz']) await writeFile(dir.join(name), name);
    const sha256 = await sha256File(dir.join('a.tar.gz'));
    const files = ['a.tar.gz', 'b.tar.gz'].map((name) => ({name, sha256}));
    const error = await rejection(checkFiles(dir.path, files, 'bookworm'), UserError);
    expect(error.what).toBe('b.tar.gz differs from what the stack bookworm pins');
    expect(error.why).toBe(`its sha256 is ${await sha256File(dir.join('b.tar.gz'))}, expected ${sha256}`);
    expect(error.tryThis).toContain('correct bookworm.yaml');
  });

  it('names the file that did not come', async () => {
    await using dir = await tempDir();
    const files = [{name: 'a.tar.gz', sha256: '0'.repeat(64)}];
    expect((await rejection(checkFiles(dir.path, files, 'bookworm'), UserError)).why).toBe(
      'the mirror did not deliver it',
    );
  });

  it('does not take what it cannot read for missing', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('a.tar.gz'));
    const files = [{name: 'a.tar.gz', sha256: '0'.repeat(64)}];
    await expect(checkFiles(dir.path, files, 'bookworm')).rejects.toThrow('EISDIR');
  });
});

describe('an artifact', () => {
  const make = (fill: Parameters<typeof artifactTask>[0]['fill']) =>
    artifactTask({...parts, id: 'build/kubernetes', fill});

  it('is named after its fingerprint, and is there once it was made', async () => {
    await using dir = await tempDir();
    const context = await demoContext(dir, fakeHost());
    const task = make((directory) => writeFile(join(directory, 'kubelet'), 'binary'));
    expect(await task.done?.(context, running)).toBeUndefined();
    await task.run(context, running);
    expect(await task.done?.(context, running)).toBe('kept since it was made (01234567)');
    const path = artifactOf('build/kubernetes', context, running);
    expect(path).toBe(dir.join('cache/kni-demo/artifacts/kubernetes-0123456789abcdef'));
    expect(await readFile(join(path, 'kubelet'), 'utf8')).toBe('binary');
    const other = {...running, fingerprint: 'f'.repeat(64)};
    expect(await task.done?.(context, other)).toBeUndefined();
  });

  it('is not there in part if it failed, and a failed download is explained', async () => {
    await using dir = await tempDir();
    const context = await demoContext(dir, fakeHost());
    const task = make(async (directory) => {
      await writeFile(join(directory, 'half'), 'of it');
      throw new CommandError(['apt-get', []], {
        reason: 'exit code 100',
        output: 'E: Unable to locate package x',
      });
    });
    expect((await rejection(task.run(context, running), UserError)).why).toBe(
      'E: Unable to locate package x',
    );
    expect(await readdir(dir.join('cache/kni-demo/artifacts'))).toEqual([]);
    expect(await task.done?.(context, running)).toBeUndefined();
  });
});

describe('an image', () => {
  const name = 'kni-demo/node:0123456789abcdef';
  const made: string[] = [];
  const task = imageTask({...parts, id: 'build/node-image', make: async (tag) => void made.push(tag)});

  it('is named after its task and fingerprint, and made under this name', async () => {
    await using dir = await tempDir();
    expect(imageOf('build/node-image', running)).toBe(name);
    await task.run(await demoContext(dir, fakeHost()), running);
    expect(made).toEqual([name]);
  });

  it('is there, or not, as the engine says', async () => {
    await using dir = await tempDir();
    using host = fakeHost(exchange(inspectImage(name), 'sha256:0') + exchange(inspectImage(name), ...absent));
    const context = await demoContext(dir, host);
    expect(await task.done?.(context, running)).toBe(`image ${name} exists`);
    expect(await task.done?.(context, running)).toBeUndefined();
  });

  it('is not missing because no engine answers', async () => {
    using host = fakeHost(
      exchange(inspectImage('a'), '2> Cannot connect to the Docker daemon', '[exit code 1]'),
    );
    expect((await rejection(imageExists(host, 'a'), CommandError)).output).toContain('Cannot connect');
  });
});
