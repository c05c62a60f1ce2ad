/** Makes one archive of all images that are preloaded on the nodes, so that the nodes pull nothing. */

import {sampleImage} from '../../cluster/pods.ts';
import type {Stack} from '../../stacks/schema.ts';
import type {DemoTask} from '../context.ts';
import {builderImage} from '../init/builder-image.ts';
import {runStep} from '../lib/container.ts';
import {artifactOf, artifactTask, imageOf} from '../lib/products.ts';
import {scriptDigest} from '../lib/project-files.ts';
import {builtNodeOf} from '../lib/stack-parts.ts';
import {nodejsImage} from './dns.ts';
import {kubernetesPrograms} from './kubernetes.ts';
import {nodeBaseId} from './node-base-image.ts';
import {nodejs} from './nodejs.ts';
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

/** Added to the archive if the stack has no CoreDNS. */
const forDns = {
  mounts: {[nodejs.id]: '/nodejs'},
  groups: ['nodejs'],
  env: (stack: Stack) => ({NODEJS: nodejsImage(stack)}),
};

const imagesTask = (archive: Archive, {coredns}: Stack['features']): DemoTask => {
  const {title, builder} = archive;
  const mounts = {...archive.mounts, ...(!coredns && forDns.mounts)};
  const groups = [...archive.groups, ...(coredns ? [] : forDns.groups)];
  const environment = async (stack: Stack) => ({
    ...archive.env(stack),
    ...(!coredns && forDns.env(stack)),
    SAMPLE: await sampleImage(),
  });
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

const everything: Archive = {
  title: 'Build the images that the nodes need',
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
};

/** A published node image already has the other images. */
const sampleOnly: Archive = {
  title: 'Build the image of the sample pod',
  builder: builderImage.id,
  mounts: {},
  groups: ['sample'],
  env: () => ({}),
};

export const preloadedImages = ({node, features}: Pick<Stack, 'node' | 'features'>): DemoTask =>
  imagesTask(node.from === 'debian' ? everything : sampleOnly, features);
