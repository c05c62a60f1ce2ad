/** Saves the artifacts of this machine in one file, for a machine without a network. */

import {cp, mkdir, rename, rm, stat, writeFile} from 'node:fs/promises';
import {dirname, join, relative, resolve} from 'node:path';
import {digestOfTree, sha256File} from '../cache/digest.ts';
import {bytesOf, exists} from '../cache/files.ts';
import {UserError} from '../errors.ts';
import {components} from '../stacks/own-source.ts';
import type {Stack} from '../stacks/schema.ts';
import {dnsServer} from '../stages/build/dns.ts';
import {nodeImage} from '../stages/build/node-image.ts';
import {runtime} from '../stages/build/runtime.ts';
import type {DemoContext} from '../stages/context.ts';
import {managedEngine, toolsDirectory} from '../stages/lib/managed-engine.ts';
import {artifactOf, imageOf} from '../stages/lib/products.ts';
import {inScratch} from '../stages/lib/scratch.ts';
import {sourceIdOf} from '../stages/lib/source-id.ts';
import {imageSizes, saveImages} from '../tools/docker.ts';
import {createTarball} from '../tools/tar.ts';
import {type BundleItem, bundleFormat, imagesName, type Manifest, manifestName} from './manifest.ts';

/** The tasks whose results a bundle contains: the node image, the network runtime, the DNS server, and the sources of the node image. */
export const bundledTasks = ({node, features}: Stack) => ({
  images: [nodeImage.id],
  artifacts: [
    ...components.map(sourceIdOf),
    ...(node.from === 'debian' ? [sourceIdOf('kind')] : []),
    runtime.id,
    ...(features.coredns ? [] : [dnsServer.id]),
  ],
});

/** Throws UserError (exit code `badInput`) when the file exists or its directory is missing. */
export const refuseTaken = async (file: string): Promise<void> => {
  const refusal = (why: string, tryThis: string): UserError =>
    new UserError({what: `cannot write ${file}`, why, tryThis, code: 'KNI-E213'});
  if (await exists(file)) throw refusal('the file exists already', 'remove it, or choose another file');
  if (!(await exists(dirname(resolve(file)))))
    throw refusal('its directory does not exist', 'create the directory first');
};

export interface SaveOptions {
  readonly context: DemoContext;
  readonly fingerprintOf: (id: string) => string;
  readonly file: string;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** The file gets its name only after it was written completely. */
export const saveBundle = async ({
  context,
  fingerprintOf,
  file,
  signal,
  say,
}: SaveOptions): Promise<Manifest> => {
  const {host, dirs, stack, architecture} = context;
  const target = resolve(file);
  const partial = `${target}.partial-${process.pid}`;
  const fingerprint = fingerprintOf(nodeImage.id);
  return inScratch(dirs, 'bundle', fingerprint, async (scratch) => {
    const bundled = bundledTasks(stack);
    const images = bundled.images.map((id) => imageOf(id, {fingerprintOf}));
    const artifacts = bundled.artifacts.map((id) =>
      relative(dirs.cache, artifactOf(id, context, {fingerprintOf})),
    );
    const cached = [...artifacts, ...(await engineIn(context))];
    await requireRoom(context, {images, cached, target, signal});
    say(`saving ${images.join(', ')}`);
    await host.run(saveImages(images, join(scratch, imagesName)), {signal});
    const kind = await kindIn(context, scratch);
    const places = [
      {from: dirs.cache, names: [...cached, ...kind.cached]},
      {from: scratch, names: kind.copied},
    ];
    const items: BundleItem[] = [];
    for (const {from, names} of places)
      for (const name of names) items.push({name, digest: await digestOfTree(join(from, name))});
    const manifest: Manifest = {
      format: bundleFormat,
      stack: stack.name,
      architecture,
      nodeImage: imageOf(nodeImage.id, {fingerprintOf}),
      images,
      imagesDigest: await sha256File(join(scratch, imagesName)),
      items,
    };
    await writeFile(join(scratch, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`);
    say(`writing ${file}`);
    try {
      const packed = [{from: scratch, names: [manifestName, imagesName]}, ...places];
      await host.run(createTarball(partial, packed), {signal});
      await rename(partial, target);
    } finally {
      await rm(partial, {force: true});
    }
    return manifest;
  });
};

interface BundleContents {
  readonly images: readonly string[];
  /** Paths in the cache. */
  readonly cached: readonly string[];
  readonly target: string;
  readonly signal: AbortSignal;
}

/** Checks the free disk space. The images are written twice: to the cache, and from there to the bundle. */
const requireRoom = async (
  {host, dirs, machine}: DemoContext,
  {images, cached, target, signal}: BundleContents,
): Promise<void> => {
  const {stdout} = await host.run(imageSizes(images), {signal});
  const ofImages = sum(stdout.split('\n').map(Number));
  const ofCached = sum(await Promise.all(cached.map((name) => bytesOf(join(dirs.cache, name)))));
  const onOneDisk = (await stat(dirs.cache)).dev === (await stat(dirname(target))).dev;
  const needed = [
    {directory: dirs.cache, bytes: ofImages},
    {directory: dirname(target), bytes: (onOneDisk ? 2 : 1) * ofImages + ofCached},
  ];
  for (const {directory, bytes} of needed) {
    const {disk} = await machine.roomAt(directory);
    if (disk >= bytes) continue;
    throw new UserError({
      what: `cannot write ${target}`,
      why: `${directory} has ${megabytes(disk)} of free disk space, but the bundle needs ${megabytes(bytes)}`,
      tryThis: 'free some disk space, or choose a file on another disk',
      code: 'KNI-E308',
    });
  }
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MB`;

/** Only the engine that kni-demo unpacked. An engine that was installed otherwise belongs to its machine. */
const engineIn = async ({dirs}: DemoContext): Promise<readonly string[]> => {
  const {root} = managedEngine(dirs);
  return (await exists(root)) ? [relative(dirs.cache, root)] : [];
};

/** kind is one static file, so the installed program is as good as the one that kni-demo unpacked. */
const kindIn = async (
  {dirs, machine}: DemoContext,
  scratch: string,
): Promise<{readonly cached: readonly string[]; readonly copied: readonly string[]}> => {
  const name = 'tools/kind';
  if (await exists(join(toolsDirectory(dirs), 'kind'))) return {cached: [name], copied: []};
  const program = await machine.whereIs('kind');
  if (program === undefined) return {cached: [], copied: []};
  await mkdir(join(scratch, name, 'usr/bin'), {recursive: true});
  await cp(program, join(scratch, name, 'usr/bin/kind'), {dereference: true});
  return {cached: [], copied: [name]};
};
