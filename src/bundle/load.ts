/** Loads a bundle from another machine, after checking the whole file. */

import {readFile, rename, stat} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {digestOfTree, sha256File} from '../cache/digest.ts';
import {exists} from '../cache/files.ts';
import {recordImage} from '../cache/images.ts';
import {syncDirectory, syncTree} from '../cache/sync.ts';
import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import {readJson} from '../json.ts';
import {makeDirectory} from '../make-directory.ts';
import type {DemoContext} from '../stages/context.ts';
import {imageExists} from '../stages/lib/products.ts';
import {errorCodeOf, messageOf} from '../thrown.ts';
import {loadImages} from '../tools/docker.ts';
import {unpackTarball} from '../tools/tar.ts';
import {imagesName, Manifest, manifestName} from './manifest.ts';

const refusal = (file: string, why: string, tryThis: string, cause?: unknown): UserError =>
  new UserError({what: `cannot load ${file}`, why, tryThis, code: 'KNI-E212'}, {cause});

const again = 'copy it again, or save it again: kni-demo bundle save';

export interface OpenOptions {
  readonly context: DemoContext;
  readonly file: string;
  /** An empty directory on the disk of the cache. */
  readonly scratch: string;
  /** The name of the stack's node image in this version of kni-demo. */
  readonly nodeImage: string;
  readonly signal: AbortSignal;
}

/** Unpacks and checks a bundle. Rejects with UserError for a file that is not a complete bundle for this machine. */
export const openBundle = async ({
  context,
  file,
  scratch,
  nodeImage,
  signal,
}: OpenOptions): Promise<Manifest> => {
  const {host, stack, architecture} = context;
  await requireFile(file);
  await host.run(unpackTarball(file, scratch), {signal}).catch((error: unknown): never => {
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    const why = error.output.split('\n').find((line) => line.startsWith('tar: ')) ?? error.reason;
    throw refusal(file, `it is truncated or not a bundle: ${why}`, again, error);
  });
  const manifest = await manifestIn(file, scratch);
  const wrong = (what: string, has: string, wants: string): UserError =>
    refusal(
      file,
      `its ${what} is ${has}, expected ${wants}`,
      'save a bundle on a machine like this one, with the same version of kni-demo',
    );
  if (manifest.architecture !== architecture)
    throw wrong('architecture', manifest.architecture, architecture);
  if (manifest.stack !== stack.name) throw wrong('stack', manifest.stack, stack.name);
  if (manifest.nodeImage !== nodeImage) throw wrong('node image', manifest.nodeImage, nodeImage);
  for (const {name, digest} of manifest.items)
    await requireWhole(file, join(scratch, name), digest, digestOfTree);
  await requireWhole(file, join(scratch, imagesName), manifest.imagesDigest, sha256File);
  return manifest;
};

const requireFile = async (file: string): Promise<void> => {
  const found = await stat(file).catch((error: unknown) => {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found?.isFile()) return;
  throw refusal(
    file,
    found ? 'it is not a regular file' : 'the file does not exist',
    'choose a file that kni-demo bundle save has written',
  );
};

const manifestIn = async (file: string, scratch: string): Promise<Manifest> => {
  try {
    return readJson(Manifest, await readFile(join(scratch, manifestName), 'utf8'), manifestName);
  } catch (error) {
    const why = errorCodeOf(error) === 'ENOENT' ? `it contains no ${manifestName}` : messageOf(error);
    throw refusal(file, why, again, error);
  }
};

const requireWhole = async (
  file: string,
  path: string,
  digest: string,
  digestOf: (path: string) => Promise<string>,
): Promise<void> => {
  const found = await digestOf(path).catch((error: unknown) => {
    if (errorCodeOf(error) === 'ENOENT') return 'nothing';
    throw error;
  });
  if (found !== digest)
    throw refusal(
      file,
      `it is corrupt: the digest of ${path.split('/').at(-1)} is ${found}, expected ${digest}`,
      again,
    );
};

/** Moves the checked items into the cache. Existing items stay. */
export const placeItems = async (
  {items}: Manifest,
  scratch: string,
  {dirs}: Pick<DemoContext, 'dirs'>,
): Promise<void> => {
  for (const {name} of items) {
    const target = join(dirs.cache, name);
    if (await exists(target)) continue;
    makeDirectory(dirname(target));
    await syncTree(join(scratch, name));
    await rename(join(scratch, name), target);
    await syncDirectory(dirname(target));
  }
};

/** Needs a running docker engine. */
export const loadBundleImages = async (
  {images}: Manifest,
  scratch: string,
  {host, dirs}: Pick<DemoContext, 'host' | 'dirs'>,
  signal: AbortSignal,
): Promise<void> => {
  for (const image of images) if (!(await imageExists(host, image))) await recordImage(dirs, image);
  await host.run(loadImages(join(scratch, imagesName)), {signal});
  for (const image of images)
    if (!(await imageExists(host, image))) throw new Error(`docker did not load ${image}`);
};
