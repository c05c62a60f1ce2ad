/** What the node image is made from: its base, and the images that a node must not have to pull. */

import {cp} from 'node:fs/promises';
import {join} from 'node:path';
import {digestOfTree} from '../../cache/digest.ts';
import {recordPulledImage} from '../../cache/images.ts';
import {sampleImage} from '../../cluster/pods.ts';
import type {BuiltNode, PublishedNode, Stack} from '../../stacks/schema.ts';
import {tagImage} from '../../tools/docker.ts';
import type {DemoTask} from '../context.ts';
import {baseImage, builderImage, pull} from '../init/base-image.ts';
import {sourceOf} from '../init/sources.ts';
import {makeImage, runStep} from '../lib/container.ts';
import {artifactOf, artifactTask, imageOf, imageTask} from '../lib/products.ts';
import {buildScript, imageSource, inScratch, place, scriptDigest} from '../lib/project-files.ts';
import {containerdId, containerdPrograms} from './containerd.ts';
import {kubernetesId, pause} from './kubernetes.ts';

export const nodeBaseId = 'build/node-base-image';

export const nodeBaseImage = ({node}: Stack): DemoTask =>
  node.from === 'debian' ? builtBase(node) : publishedBase(node);

/** Everything of a kind node that comes from Debian and from kind; Kubernetes comes on top. */
const builtBase = ({kind, packages}: BuiltNode): DemoTask =>
  imageTask({
    id: nodeBaseId,
    title: 'Make the base of the node image',
    needs: [baseImage.id, sourceOf('kind')],
    inputs: async () => ({packages, dockerfile: await digestOfTree(imageSource('node-base'))}),
    async make(tag, context, running) {
      const source = artifactOf(sourceOf('kind'), context, running);
      const [tarball] = kind.files;
      if (tarball === undefined) throw new TypeError('the schema asks for one file at least');
      await inScratch(context.dirs, 'node-base', running.fingerprint, async (directory) => {
        await cp(join(imageSource('node-base'), 'Dockerfile'), join(directory, 'Dockerfile'));
        const files = '--strip-components=3';
        await context.host.run(
          [
            'tar',
            ['-C', directory, files, '--wildcards', '-xf', join(source, tarball.name), '*/images/base/files'],
          ],
          {signal: running.signal, onLine: running.log},
        );
        const args = {BASE: imageOf(baseImage.id, running), PACKAGES: packages.join(' ')};
        await makeImage({tag, context: directory, args}, context, running);
      });
    },
  });

/** A whole node of somebody else's making, of which some programs are replaced. */
const publishedBase = ({image}: PublishedNode): DemoTask =>
  imageTask({
    id: nodeBaseId,
    title: `Pull ${image.slice(0, image.indexOf('@'))}`,
    // What pulls an image is an engine that the base image has been tried on.
    needs: [baseImage.id],
    inputs: () => ({image}),
    async make(tag, {host, dirs}, {signal, log}) {
      await recordPulledImage(dirs, image);
      const tryThis = 'check the network and the proxy of the docker engine; nothing was kept';
      await pull(image, tryThis, {host, signal, log});
      await host.run(tagImage(image, tag), {signal});
    },
  });

/** One archive of all images that the nodes are preloaded with. */
export const imagesId = 'build/images';
export const imagesFile = 'images.tar';

export const images = ({node, kubernetes: {version}}: Stack): DemoTask => {
  const of =
    node.from === 'debian'
      ? {
          title: 'Make the images of the control plane, etcd, pause and the sample',
          // Where the packages are that kube-proxy's image takes iptables from.
          image: nodeBaseId,
          mounts: {[kubernetesId]: '/kubernetes', [pause.id]: '/pause'},
          groups: ['control-plane', 'sample'],
          env: {
            VERSION: version,
            REPOSITORY: node.images.repository,
            PAUSE: node.images.pause,
            ETCD: node.images.etcd,
          },
        }
      : {
          title: "Make the sample's image",
          image: builderImage.id,
          mounts: {},
          groups: ['sample'],
          env: {},
        };
  const env = async () => ({...of.env, SAMPLE: await sampleImage()});
  return artifactTask({
    id: imagesId,
    title: of.title,
    needs: [of.image, ...Object.keys(of.mounts)],
    inputs: async () => ({images: await env(), script: await scriptDigest('build-images.sh')}),
    async fill(out, context, running) {
      const mounts = Object.entries(of.mounts).map(([id, to]) => ({
        from: artifactOf(id, context, running),
        to,
        readOnly: true,
      }));
      const image = imageOf(of.image, running);
      await runStep(
        {image, mounts, env: await env(), out, script: ['build-images.sh', ...of.groups]},
        context,
        running,
      );
    },
  });
};

/** An image of its own, so that a change of the kubelet or the runtime does not import half a gigabyte again. */
export const preloadImage = imageTask({
  id: 'build/preload-image',
  title: 'Import the images into a content store',
  needs: [nodeBaseId, containerdId, imagesId],
  inputs: async () => ({
    dockerfile: await digestOfTree(imageSource('preload')),
    script: await scriptDigest('preload-images.sh'),
  }),
  async make(tag, context, running) {
    const of = (id: string, file: string): string => join(artifactOf(id, context, running), file);
    await inScratch(context.dirs, 'preload', running.fingerprint, async (directory) => {
      await cp(imageSource('preload'), directory, {recursive: true});
      await cp(buildScript('preload-images.sh'), join(directory, 'preload-images.sh'));
      await place(
        join(directory, 'bin'),
        containerdPrograms.map((name) => of(containerdId, name)),
      );
      await place(join(directory, 'images'), [of(imagesId, imagesFile)]);
      const args = {BASE: imageOf(nodeBaseId, running)};
      await makeImage({tag, context: directory, args}, context, running);
    });
  },
});
