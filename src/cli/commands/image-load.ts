/** image load: copies images into the nodes, from docker or from a tarball. */

import {stat} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import {removeTree} from '../../cache/files.ts';
import {markDirectories} from '../../cache/marker.ts';
import {removeDeadScratch, scratchPath} from '../../cache/scratch.ts';
import {requireCluster, requireRunning} from '../../cluster/cluster.ts';
import {seconds} from '../../duration.ts';
import type {ErrorCode} from '../../error-catalogue.ts';
import {UserError} from '../../errors.ts';
import {CommandError} from '../../host/command-error.ts';
import type {Host} from '../../host/host.ts';
import {makeDirectory} from '../../make-directory.ts';
import {importedImages, importImages} from '../../tools/ctr.ts';
import {copyIntoContainer, inspectImage, saveImages} from '../../tools/docker.ts';
import {hostAndDirs} from '../context.ts';
import {restoreFirst} from '../interrupted.ts';
import {runOutput} from '../run-output.ts';
import type {World} from '../world.ts';

export interface ImageLoadOptions {
  readonly name: string;
  readonly json?: boolean;
}

/** `image` is the path of a tarball, or the name of an image in the docker engine. */
export const imageLoad = async (
  world: World,
  image: string,
  {name, json}: ImageLoadOptions,
): Promise<void> => {
  const {signal} = world;
  const {say, record} = runOutput(world, json);
  const {host, dirs} = hostAndDirs(world);
  const cluster = await requireCluster({host, dirs}, name, signal);
  requireRunning(name, cluster.nodes);
  await restoreFirst(world, name, 'kni-demo image load');
  const begun = performance.now();
  await markDirectories(dirs);
  await removeDeadScratch(dirs.cache);
  const scratch = scratchPath(join(dirs.cache, 'image'));
  makeDirectory(scratch);
  try {
    // The directory of a project often has the name of its image.
    const path = resolve(world.directory ?? process.cwd(), image);
    const isFile = (await stat(path).catch(() => undefined))?.isFile() ?? false;
    // An absolute path, because docker takes `a` in `a:b.tar` for the name of a container.
    const tarball = isFile
      ? path
      : await saveFromDocker(host, image, {to: join(scratch, 'image.tar'), signal});
    const loaded = await Promise.all(
      cluster.nodes.map(async (node) => {
        const copy = `/var/tmp/kni-demo-image-${process.pid}.tar`;
        try {
          await host.run(copyIntoContainer(tarball, node.name, copy), {signal});
          const imported = await cluster
            .node(node.name)
            .run(importImages(copy), {signal})
            .catch((error: unknown): never => {
              if (!(error instanceof CommandError) || signal.aborted) throw error;
              throw refused(image, `containerd on ${node.name} refuses it: ${error.lastLine}`, {
                code: 'KNI-E116',
                tryThis: 'check that it is a tarball of docker save, for the architecture of the nodes',
                cause: error,
              });
            });
          return importedImages(imported.stdout);
        } finally {
          // Also after a cancelled copy, which leaves a part of the file.
          await cluster.node(node.name).run(['rm', ['-f', copy]]);
        }
      }),
    );
    const names = [...new Set(loaded.flat())];
    const nodes = cluster.nodes.map((node) => node.name);
    record('result', {command: 'image load', exitCode: 0, cluster: name, images: names, nodes});
    say(
      `loaded ${names.join(', ') || image} into ${cluster.nodes.length} nodes. ${seconds(performance.now() - begun)}`,
    );
  } finally {
    await removeTree(scratch);
  }
};

const saveFromDocker = async (
  host: Host,
  image: string,
  {to, signal}: {readonly to: string; readonly signal: AbortSignal},
): Promise<string> => {
  try {
    await host.run(inspectImage(image), {signal});
  } catch (error) {
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    throw refused(image, error.lastLine.replace(/^Error( response from daemon)?: /, ''), {
      tryThis: `pull or build it first (docker pull ${image}), or give the path of a tarball`,
      code: 'KNI-E218',
      cause: error,
    });
  }
  await host.run(saveImages([image], to), {signal});
  return to;
};

const refused = (
  image: string,
  why: string,
  {cause, ...rest}: {readonly tryThis: string; readonly code: ErrorCode; readonly cause: Error},
): UserError => new UserError({what: `cannot load image ${image}`, why, ...rest}, {cause});
