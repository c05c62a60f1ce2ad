import {mkdir, readdir, readFile, truncate, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {describe, expect, it} from 'vitest';
import {openBundle, placeItems} from '../../src/bundle/load.ts';
import {type Manifest, manifestName} from '../../src/bundle/manifest.ts';
import {digestOfTree, sha256File} from '../../src/cache/digest.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {localHost} from '../../src/host/process.ts';
import {createTarball, listTarball, unpackTarball} from '../../src/tools/tar.ts';
import {demoContext} from '../rig/demo.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const host = localHost();
const {signal} = new AbortController();
const nodeImage = 'kni-demo/node:0123456789abcdef';
const item = 'artifacts/kind-source-0123456789abcdef';

/** A bundle as small as one can be, and what is changed in it after its digests were taken. */
const bundleIn = async (
  dir: TempDir,
  {manifest = {}, files = {}}: {manifest?: object; files?: Readonly<Record<string, string>>} = {},
) => {
  const write = async (name: string, text: string) => {
    await mkdir(dirname(dir.join('made', name)), {recursive: true});
    await writeFile(dir.join('made', name), text);
  };
  await write(`${item}/kind.tar.gz`, 'sources');
  await write('tools/kind/usr/bin/kind', 'a program');
  await write('images.tar', 'images');
  const items = await Promise.all(
    [item, 'tools/kind'].map(async (name) => ({name, digest: await digestOfTree(dir.join('made', name))})),
  );
  const whole: Manifest = {
    format: 1,
    stack: 'bookworm',
    architecture: 'amd64',
    nodeImage,
    images: [nodeImage],
    imagesDigest: await sha256File(dir.join('made/images.tar')),
    items,
  };
  await write(manifestName, JSON.stringify({...whole, ...manifest}));
  for (const [name, text] of Object.entries(files)) await write(name, text);
  const file = dir.join('demo.tar');
  await host.run(createTarball(file, [{from: dir.join('made'), names: await readdir(dir.join('made'))}]));
  return file;
};

const opened = async (dir: TempDir, file: string) => {
  const context = await demoContext(dir, host);
  const scratch = dir.join('scratch');
  await mkdir(scratch);
  return {context, scratch, manifest: await openBundle({context, file, scratch, nodeImage, signal})};
};

describe('a bundle', () => {
  it('is placed in the cache, and keeps existing files', async () => {
    await using dir = await tempDir();
    const {context, scratch, manifest} = await opened(dir, await bundleIn(dir));
    const {cache} = context.dirs;
    await mkdir(`${cache}/tools/kind`, {recursive: true});
    await placeItems(manifest, scratch, context);
    expect(await readFile(`${cache}/${item}/kind.tar.gz`, 'utf8')).toBe('sources');
    expect(await readdir(`${cache}/tools/kind`)).toEqual([]);
  });

  it('may have a name with a colon, which tar takes for a host', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('text'), 'text');
    await mkdir(dir.join('out'));
    await host.run(createTarball('a:b.tar', [{from: dir.path, names: ['text']}]), {cwd: dir.path});
    await host.run(unpackTarball('a:b.tar', dir.join('out')), {cwd: dir.path});
    expect(await readdir(dir.join('out'))).toEqual(['text']);
    expect((await host.run(listTarball('a:b.tar'), {cwd: dir.path})).stdout).toBe('text');
  });

  it.each([
    [
      'an item that is not what it was',
      {files: {[`${item}/kind.tar.gz`]: 'Sources'}},
      /the digest of kind-source-\w+ is \w{64}, expected/,
    ],
    [
      'an item that has more than it had',
      {files: {[`${item}/extra`]: ''}},
      /the digest of kind-source-\w+ is \w{64}, expected/,
    ],
    [
      'images that are not what they were',
      {files: {'images.tar': 'other'}},
      /the digest of images\.tar is \w{64}, expected/,
    ],
    [
      'an item that there is not',
      {manifest: {items: [{name: 'tools/engine', digest: 'a'.repeat(64)}]}},
      /the digest of engine is nothing/,
    ],
    [
      'a name that leads elsewhere',
      {manifest: {items: [{name: 'tools/../../x', digest: 'a'.repeat(64)}]}},
      /must lie in artifacts\/ or tools\//,
    ],
    [
      'another architecture',
      {manifest: {architecture: 'arm64'}},
      /its architecture is arm64, expected amd64/,
    ],
    ['another stack', {manifest: {stack: 'upstream'}}, /its stack is upstream, expected bookworm/],
    [
      'another version of kni-demo',
      {manifest: {nodeImage: 'kni-demo/node:other'}},
      /its node image is kni-demo\/node:other, expected/,
    ],
    ['a later format', {manifest: {format: 2}}, /is of another version of kni-demo/],
    ['an invalid manifest', {files: {[manifestName]: '{'}}, /cannot read bundle\.json/],
  ])('is refused for %s, in one line', async (_, changes, why) => {
    await using dir = await tempDir();
    const refusal: unknown = await opened(dir, await bundleIn(dir, changes)).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      name: 'UserError',
      what: `cannot load ${dir.join('demo.tar')}`,
      why: expect.stringMatching(why) as string,
      exitCode: exitCodes.badInput,
    });
    expect(await readdir(dir.path)).not.toContain('cache');
  });

  it.each([
    ['cut off', async (file: string) => truncate(file, 2000), /^it is truncated or not a bundle: tar: /],
    [
      'no tarball',
      async (file: string) => writeFile(file, 'text\n'),
      /^it is truncated or not a bundle: tar: /,
    ],
    ['empty', async (file: string) => truncate(file, 0), /^it is truncated or not a bundle: tar: /],
  ])('is refused if the file is %s', async (_, spoil, why) => {
    await using dir = await tempDir();
    const file = await bundleIn(dir);
    await spoil(file);
    await expect(opened(dir, file)).rejects.toMatchObject({
      why: expect.stringMatching(why) as string,
      exitCode: exitCodes.badInput,
    });
  });

  it('is refused if it is not there, or a directory', async () => {
    await using dir = await tempDir();
    await expect(opened(dir, dir.join('nope'))).rejects.toMatchObject({why: 'the file does not exist'});
    await using other = await tempDir();
    await expect(opened(other, other.path)).rejects.toMatchObject({why: 'it is not a regular file'});
  });
});
