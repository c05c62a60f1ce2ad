/** Two kinds of task make something that lasts: an artifact in the cache, or an image in the engine. Both are named
 * after their fingerprint, so what exists is complete and up to date, and no stamp file can be wrong about it. */

import {artifactExists, artifactPath, publish} from '../../cache/artifact.ts';
import {recordImage} from '../../cache/images.ts';
import type {Running} from '../../graph/task.ts';
import {CommandError} from '../../host/command-error.ts';
import type {Host} from '../../host/host.ts';
import {inspectImage} from '../../tools/docker.ts';
import type {DemoContext, DemoTask} from '../context.ts';
import {explain} from './explain.ts';

type Parts = Pick<DemoTask, 'id' | 'title' | 'needs'> & Required<Pick<DemoTask, 'inputs'>>;

/** `build/kubernetes` → `kubernetes` */
const nameOf = (id: string): string => id.slice(id.indexOf('/') + 1);

export interface ArtifactParts extends Parts {
  /** Fills an empty directory. It takes its name only when all of it is there. */
  readonly fill: (directory: string, context: DemoContext, running: Running) => Promise<void>;
}

export const artifactTask = ({fill, ...parts}: ArtifactParts): DemoTask => ({
  ...parts,
  async done({dirs}, {fingerprint}) {
    const path = artifactPath(dirs, nameOf(parts.id), fingerprint);
    return (await artifactExists(path)) ? `kept since it was made (${fingerprint.slice(0, 8)})` : undefined;
  },
  run: (context, running) =>
    publish(artifactPath(context.dirs, nameOf(parts.id), running.fingerprint), (directory) =>
      fill(directory, context, running),
    ).catch(explain),
});

/** The directory of an artifact that a task needs. */
export const artifactOf = (
  id: string,
  {dirs}: Pick<DemoContext, 'dirs'>,
  {fingerprintOf}: Pick<Running, 'fingerprintOf'>,
): string => artifactPath(dirs, nameOf(id), fingerprintOf(id));

export interface ImageParts extends Parts {
  /** Makes the image under exactly this name, or none at all. */
  readonly make: (image: string, context: DemoContext, running: Running) => Promise<void>;
}

export const imageTask = ({make, ...parts}: ImageParts): DemoTask => ({
  ...parts,
  async done({host}, {fingerprint}) {
    const image = imageName(parts.id, fingerprint);
    return (await imageExists(host, image)) ? `image ${image} exists` : undefined;
  },
  async run(context, running) {
    const image = imageName(parts.id, running.fingerprint);
    await recordImage(context.dirs, image);
    await make(image, context, running).catch(explain);
  },
});

/** The image of a task that a task needs. */
export const imageOf = (id: string, {fingerprintOf}: Pick<Running, 'fingerprintOf'>): string =>
  imageName(id, fingerprintOf(id));

/** `build/node-image` → `kni-demo/node:0123456789abcdef` */
const imageName = (id: string, fingerprint: string): string =>
  `kni-demo/${nameOf(id).replace(/-image$/, '')}:${tagOf(fingerprint)}`;

/** As much of a fingerprint as the names of what was made from it carry. */
export const tagOf = (fingerprint: string): string => fingerprint.slice(0, 16);

/** Rejects where no engine answers, so that this is not taken for "no". */
export const imageExists = async (host: Host, image: string): Promise<boolean> => {
  try {
    await host.run(inspectImage(image));
    return true;
  } catch (error) {
    if (error instanceof CommandError && /no such image/i.test(error.output)) return false;
    throw error;
  }
};
