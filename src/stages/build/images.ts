/** Makes one archive of all images that are preloaded on the nodes, so that the nodes pull nothing. */

import {sampleImage} from '../../cluster/pods.ts';
import type {Stack} from '../../stacks/schema.ts';
import type {DemoTask} from '../context.ts';
import {builderImage} from '../init/builder-image.ts';
import {runStep} from '../lib/container.ts';
import {artifactOf, artifactTask, imageOf} from '../lib/products.ts';
import {scriptDigest} from '../lib/project-files.ts';
import {builtNodeOf} from '../lib/stack-parts.ts';
import {kubernetesPrograms} from './kubernetes.ts';
import {nodeBaseId} from './node-base-image.ts';
import {pause} from './pause.ts';

export const imagesId = 'build/images';
export const imagesFile = 'images.tar';

interface Archive {
  readonly title: string;
  /** Id of the task that makes the image in which the script runs. */
  readonly builder: string;
  /** Paths in the container, by the id of the task that makes the artifact. */
  readonly mounts: Readonly<Record<string, string>>;
  /** Arguments of the script. */
  readonly groups: readonly string[];
  readonly env: (stack: Stack) => Readonly<Record<string, string>>;
}

const imagesTask = ({title, builder, mounts, groups, env}: Archive): DemoTask => {
  const environment = async (stack: Stack) => ({...env(stack), SAMPLE: await sampleImage()});
  return artifactTask({
    id: imagesId,
    title,
    needs: [builder, ...Object.keys(mounts)],
    inputs: async ({stack}) => ({
      images: await environment(stack),
      script: await scriptDigest('build-images.sh'),
    }),
    async fill(out, context, running) {
      const step = {
        image: imageOf(builder, running),
        mounts: Object.entries(mounts).map(([id, to]) => ({
          from: artifactOf(id, context, running),
          to,
          readOnly: true,
        })),
        env: await environment(context.stack),
        out,
      };
      await runStep({...step, script: ['build-images.sh', ...groups]}, context, running);
    },
  });
};

export const allImages = imagesTask({
  title: 'Build the images of the control plane, etcd, pause and the sample pod',
  // kube-proxy's image takes iptables from the packages of this image.
  builder: nodeBaseId,
  mounts: {[kubernetesPrograms.id]: '/kubernetes', [pause.id]: '/pause'},
  groups: ['control-plane', 'sample'],
  env(stack) {
    const {images} = builtNodeOf(stack);
    return {
      VERSION: stack.kubernetes.version,
      REPOSITORY: images.repository,
      PAUSE: images.pause,
      ETCD: images.etcd,
    };
  },
});

/** A published node image already has the other images. */
export const sampleImageOnly = imagesTask({
  title: 'Build the image of the sample pod',
  builder: builderImage.id,
  mounts: {},
  groups: ['sample'],
  env: () => ({}),
});
