/**
 * The two kinds of task with a stored result: an artifact in the cache, or an image in the docker engine. The name of a
 * result contains the task's fingerprint, so an existing result is complete and up to date.
 */

import {artifactExists, artifactPath, publish} from '../../cache/artifact.ts';
import {recordImage} from '../../cache/images.ts';
import type {TaskRun} from '../../graph/task.ts';
import {CommandError} from '../../host/command-error.ts';
import type {Host} from '../../host/host.ts';
import {inspectImage} from '../../tools/docker.ts';
import type {DemoContext, DemoTask} from '../context.ts';
import {explain} from './explain.ts';

type Parts = Pick<DemoTask, 'id' | 'title' | 'needs'> & Required<Pick<DemoTask, 'inputs'>>;

/** `build/kubernetes` → `kubernetes` */
const withoutStage = (id: string): string => id.slice(id.indexOf('/') + 1);

export interface ArtifactParts extends Parts {
  /** Fills an empty directory, which is renamed to the artifact's path when it is complete. */
  readonly fill: (directory: string, context: DemoContext, running: TaskRun) => Promise<void>;
}

export const artifactTask = ({fill, ...parts}: ArtifactParts): DemoTask => ({
  ...parts,
  async done({dirs}, {fingerprint}) {
    const path = artifactPath(dirs, withoutStage(parts.id), fingerprint);
    return (await artifactExists(path)) ? `kept since it was made (${fingerprint.slice(0, 8)})` : undefined;
  },
  run: (context, running) =>
    publish(artifactPath(context.dirs, withoutStage(parts.id), running.fingerprint), (directory) =>
      fill(directory, context, running),
    ).catch(explain),
});

/** The directory of the artifact that the task `id` makes. */
export const artifactOf = (
  id: string,
  {dirs}: Pick<DemoContext, 'dirs'>,
  {fingerprintOf}: Pick<TaskRun, 'fingerprintOf'>,
): string => artifactPath(dirs, withoutStage(id), fingerprintOf(id));

export interface ImageParts extends Parts {
  /** Creates the image with exactly this name, or fails without an image. */
  readonly make: (image: string, context: DemoContext, running: TaskRun) => Promise<void>;
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

/** The image that the task `id` makes. */
export const imageOf = (id: string, {fingerprintOf}: Pick<TaskRun, 'fingerprintOf'>): string =>
  imageName(id, fingerprintOf(id));

/** `build/node-image` → `kni-demo/node:0123456789abcdef` */
const imageName = (id: string, fingerprint: string): string =>
  `kni-demo/${withoutStage(id).replace(/-image$/, '')}:${tagOf(fingerprint)}`;

/** The part of a fingerprint that the names of results contain. */
export const tagOf = (fingerprint: string): string => fingerprint.slice(0, 16);

/** Rejects if the engine does not answer, because the image may exist nevertheless. */
export const imageExists = async (host: Host, image: string): Promise<boolean> => {
  try {
    await host.run(inspectImage(image));
    return true;
  } catch (error) {
    if (error instanceof CommandError && /no such image/i.test(error.output)) return false;
    throw error;
  }
};
