/** The images that `down --purge` removes: those of this cache that no container uses. */

import {recordedImages} from '../cache/images.ts';
import type {Command} from '../host/host.ts';
import {managedEngine} from '../stages/lib/managed-engine.ts';
import {dataRoot, listOurImages, listUsedImages, removeImages} from '../tools/docker.ts';
import {withoutEngine} from './other-engine.ts';
import {noRemovals, type RemovalContext, type RemovalOptions, type Removals} from './removal.ts';

/** Ignores the containers of `clusters`, because these are removed first. */
export const imageRemovals = async (
  {host, dirs}: RemovalContext,
  clusters: readonly string[],
  {signal}: RemovalOptions,
): Promise<Removals> => {
  const ask = async (command: Command): Promise<string> =>
    (await withoutEngine(host.run(command, {signal}), {stdout: '', stderr: ''})).stdout;
  const images = columnsIn(await ask(listOurImages));
  // The managed engine keeps its images in the cache, so they are removed with the cache.
  if (images.length === 0 || (await ask(dataRoot)).trim() === managedEngine(dirs).dataRoot) return noRemovals;
  const used = new Set(
    columnsIn(await ask(listUsedImages)).flatMap(([image, cluster]) =>
      clusters.includes(cluster) ? [] : [image],
    ),
  );
  const recorded = await recordedImages(dirs);
  const ours = images.filter(([image]) => recorded.has(image));
  const others = images.flatMap(([image]) => (recorded.has(image) ? [] : [image]));
  return {
    removals: ours
      .filter(([image]) => !used.has(image))
      .map(([image, size]) => ({
        what: `image ${image}, ${size}`,
        remove: () => host.run(removeImages([image]), {signal}),
      })),
    kept: [
      ...ours.filter(([image]) => used.has(image)).map(([image]) => `image ${image}: a container uses it`),
      ...(others.length === 0
        ? []
        : [`images that this cache has no record of; to remove them: docker rmi ${others.join(' ')}`]),
    ],
  };
};

const columnsIn = (stdout: string): readonly (readonly [string, string])[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [first = '', second = ''] = line.split('\t');
      return [first, second];
    });
