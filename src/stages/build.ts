/** build: programs out of the patched trees, the bundled network runtime, the images, and the node image of it all. */

import {cp, link, mkdir, readFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {artifactPath} from '../cache/artifact.ts';
import {digestOfTree, sha256File} from '../cache/digest.ts';
import {removeTree} from '../cache/files.ts';
import {scratchPath} from '../cache/scratch.ts';
import {UserError} from '../errors.ts';
import {project} from '../project.ts';
import {buildEnv, buildImage} from '../tools/docker.ts';
import {packPackage, parsePacked} from '../tools/npm.ts';
import {bundleRuntime} from './bundle.ts';
import {goCache, runStep} from './container.ts';
import type {DemoTask} from './context.ts';
import {init} from './init.ts';
import {artifactOf, artifactTask, imageOf, imageTask} from './products.ts';

const image = (name: string): string => join(project.manifests, 'images', name);
const script = (name: string): Promise<string> => sha256File(join(project.manifests, 'build', name));

/** kubelet, kubeadm and the control plane by one `go build`: they share nearly every package. */
const kubernetes = artifactTask({
  id: 'build/kubernetes',
  title: 'Build kubelet, kubeadm and the control plane',
  needs: [init.builderImage.id, init.kubernetesTree.id],
  inputs: async ({
    stack: {
      kubernetes: {version, binaries},
    },
  }) => ({
    version,
    binaries,
    scripts: [await script('build-kubernetes.sh'), await script('generate-openapi.sh')],
  }),
  async fill(out, context, running) {
    const {version, binaries} = context.stack.kubernetes;
    const tree = artifactOf(init.kubernetesTree.id, context, running);
    const mounts = [{from: tree, to: '/go/src/k8s.io/kubernetes'}, await goCache(context)];
    const step = {image: imageOf(init.builderImage.id, running), env: {VERSION: version}, mounts, out};
    await runStep({...step, script: ['build-kubernetes.sh', ...binaries]}, context, running);
  },
});

const pause = artifactTask({
  id: 'build/pause',
  title: 'Build pause',
  needs: [init.builderImage.id, init.kubernetesTree.id],
  inputs: async () => ({script: await script('build-pause.sh')}),
  async fill(out, context, running) {
    const tree = artifactOf(init.kubernetesTree.id, context, running);
    const mounts = [{from: tree, to: '/go/src/k8s.io/kubernetes', readOnly: true}];
    await runStep(
      {image: imageOf(init.builderImage.id, running), mounts, out, script: ['build-pause.sh']},
      context,
      running,
    );
  },
});

const containerdBuilderImage = imageTask({
  id: 'build/containerd-builder-image',
  title: 'Make the builder image of containerd',
  needs: [init.builderImage.id],
  inputs: async ({stack}) => ({
    source: stack.containerd.source.package,
    dockerfile: await digestOfTree(image('containerd-builder')),
  }),
  async make(tag, {host, stack}, running) {
    const args = {BASE: imageOf(init.builderImage.id, running), SOURCE: stack.containerd.source.package};
    const build = buildImage({tag, context: image('containerd-builder'), args});
    await host.run(build, {env: buildEnv, signal: running.signal, onLine: running.log});
  },
});

const containerd = artifactTask({
  id: 'build/containerd',
  title: 'Build containerd, its shim and ctr',
  needs: [containerdBuilderImage.id, init.containerdTree.id],
  inputs: async ({stack}) => ({
    version: stack.containerd.version,
    script: await script('build-containerd.sh'),
  }),
  async fill(out, context, running) {
    const {version, source} = context.stack.containerd;
    const tree = artifactOf(init.containerdTree.id, context, running);
    const mounts = [
      {from: tree, to: '/go/src/github.com/containerd/containerd', readOnly: true},
      await goCache(context),
    ];
    const step = {image: imageOf(containerdBuilderImage.id, running), mounts, out};
    const env = {VERSION: version, REVISION: source.version};
    await runStep({...step, env, script: ['build-containerd.sh']}, context, running);
  },
});

/** Everything of a kind node that comes from Debian and from kind; Kubernetes comes on top. */
const nodeBaseImage = imageTask({
  id: 'build/node-base-image',
  title: 'Make the base of the node image',
  needs: [init.baseImage.id, init.kindSource.id],
  inputs: async ({stack}) => ({
    packages: stack.packages.node,
    dockerfile: await digestOfTree(image('node-base')),
  }),
  async make(tag, context, running) {
    const {host, stack} = context;
    const source = artifactOf(init.kindSource.id, context, running);
    const [tarball] = stack.kind.source.files;
    if (tarball === undefined) throw new TypeError('the schema asks for one file at least');
    await inScratch(context.dirs, 'node-base', running.fingerprint, async (directory) => {
      await cp(join(image('node-base'), 'Dockerfile'), join(directory, 'Dockerfile'));
      const files = '--strip-components=3';
      await host.run(
        [
          'tar',
          ['-C', directory, files, '--wildcards', '-xf', join(source, tarball.name), '*/images/base/files'],
        ],
        {signal: running.signal, onLine: running.log},
      );
      const args = {BASE: imageOf(init.baseImage.id, running), PACKAGES: stack.packages.node.join(' ')};
      const build = buildImage({tag, context: directory, args});
      await host.run(build, {env: buildEnv, signal: running.signal, onLine: running.log});
    });
  },
});

/** A directory that is gone afterwards, whatever happens. */
const inScratch = async (
  dirs: Parameters<typeof artifactPath>[0],
  name: string,
  fingerprint: string,
  work: (directory: string) => Promise<void>,
): Promise<void> => {
  const directory = scratchPath(artifactPath(dirs, name, fingerprint));
  await mkdir(directory, {recursive: true});
  try {
    await work(directory);
  } finally {
    await removeTree(directory);
  }
};

/** One archive of all images that the nodes are preloaded with. */
const images = artifactTask({
  id: 'build/images',
  title: 'Make the images of the control plane, etcd, pause and the sample',
  needs: [nodeBaseImage.id, kubernetes.id, pause.id],
  inputs: async ({stack}) => ({images: stack.images, script: await script('build-images.sh')}),
  async fill(out, context, running) {
    const {
      kubernetes: {version},
      images: names,
    } = context.stack;
    const mounts = [
      {from: artifactOf(kubernetes.id, context, running), to: '/kubernetes', readOnly: true},
      {from: artifactOf(pause.id, context, running), to: '/pause', readOnly: true},
    ];
    const env = {
      VERSION: version,
      REPOSITORY: names.repository,
      PAUSE: names.pause,
      ETCD: names.etcd,
      SAMPLE: names.sample,
    };
    await runStep(
      {image: imageOf(nodeBaseImage.id, running), mounts, env, out, script: ['build-images.sh']},
      context,
      running,
    );
  },
});

/** The runtime of this checkout, or of this package, as one file. */
const runtime = artifactTask({
  id: 'build/runtime',
  title: 'Bundle the network runtime',
  needs: [],
  inputs: async () => ({
    sources: await digestOfTree(project.runtime),
    // What is bundled from node_modules is named by the lock file, or by the package's own dependencies.
    dependencies: JSON.parse(await readFile(join(project.root, 'package.json'), 'utf8')).dependencies,
  }),
  fill: (out) => bundleRuntime(join(out, 'kni-runtime.mjs')),
});

const nodejs = artifactTask({
  id: 'build/nodejs',
  title: 'Download Node.js for the nodes',
  needs: [],
  inputs: ({stack, architecture}) => ({
    version: stack.nodejs.version,
    ...stack.nodejs.packages[architecture],
  }),
  async fill(out, {host, stack, architecture}, {signal, log}) {
    const {name, integrity} = stack.nodejs.packages[architecture];
    const {version} = stack.nodejs;
    const {stdout} = await host.run(packPackage(name, version, out), {signal, cwd: out});
    const packed = parsePacked(stdout);
    const tarball = join(out, packed.filename);
    if (packed.integrity !== integrity) {
      throw new UserError({
        what: `${name}@${version} is not what the stack ${stack.name} pins`,
        why: `its integrity is ${packed.integrity}, expected ${integrity}`,
        tryThis: `use another registry, or correct manifests/stacks/${stack.name}.yaml if the change is wanted; nothing was kept`,
      });
    }
    await host.run(['tar', ['-C', out, '--strip-components=2', '-xf', tarball, 'package/bin/node']], {
      signal,
      onLine: log,
    });
    await removeTree(tarball);
  },
});

const containerdPrograms = ['containerd', 'containerd-shim-runc-v2', 'ctr'] as const;

/** An image of its own, so that a change of the kubelet or the runtime does not import half a gigabyte again. */
const preloadImage = imageTask({
  id: 'build/preload-image',
  title: 'Import the images into a content store',
  needs: [nodeBaseImage.id, containerd.id, images.id],
  inputs: async () => ({dockerfile: await digestOfTree(image('preload'))}),
  async make(tag, context, running) {
    const of = (id: string, file: string): string => join(artifactOf(id, context, running), file);
    await inScratch(context.dirs, 'preload', running.fingerprint, async (directory) => {
      await cp(image('preload'), directory, {recursive: true});
      await place(
        join(directory, 'bin'),
        containerdPrograms.map((name) => of(containerd.id, name)),
      );
      await place(join(directory, 'images'), [of(images.id, 'images.tar')]);
      const args = {BASE: imageOf(nodeBaseImage.id, running)};
      await context.host.run(buildImage({tag, context: directory, args}), {
        env: buildEnv,
        signal: running.signal,
        onLine: running.log,
      });
    });
  },
});

const nodeImage = imageTask({
  id: 'build/node-image',
  title: 'Build the node image',
  needs: [nodeBaseImage.id, preloadImage.id, containerd.id, kubernetes.id, runtime.id, nodejs.id],
  inputs: async () => ({
    dockerfile: await digestOfTree(image('node')),
    unit: await digestOfTree(join(project.manifests, 'node')),
  }),
  async make(tag, context, running) {
    const {host, stack, dirs} = context;
    const of = (id: string, file: string): string => join(artifactOf(id, context, running), file);
    await inScratch(dirs, 'node', running.fingerprint, async (directory) => {
      await cp(image('node'), directory, {recursive: true});
      await cp(join(project.manifests, 'node'), join(directory, 'files/etc/systemd/system'), {
        recursive: true,
      });
      await place(
        join(directory, 'bin'),
        containerdPrograms.map((name) => of(containerd.id, name)),
      );
      await place(
        join(directory, 'kubernetes'),
        ['kubelet', 'kubeadm'].map((name) => of(kubernetes.id, name)),
      );
      await place(join(directory, 'kni'), [of(runtime.id, 'kni-runtime.mjs')]);
      await place(join(directory, 'kni/bin'), [of(nodejs.id, 'node')]);
      const args = {
        BASE: imageOf(nodeBaseImage.id, running),
        PRELOAD: imageOf(preloadImage.id, running),
        PAUSE: stack.images.pause,
        KUBERNETES_VERSION: stack.kubernetes.version,
        STACK: stack.name,
      };
      const build = buildImage({tag, context: directory, args});
      await host.run(build, {env: buildEnv, signal: running.signal, onLine: running.log});
    });
  },
});

/** Hard links: half a gigabyte need not be copied to be sent to the engine. */
const place = async (directory: string, files: readonly string[]): Promise<void> => {
  await mkdir(directory, {recursive: true});
  for (const file of files) await link(file, join(directory, basename(file)));
};

export const build = {
  kubernetes,
  pause,
  containerdBuilderImage,
  containerd,
  nodeBaseImage,
  images,
  runtime,
  nodejs,
  preloadImage,
  nodeImage,
} as const satisfies Record<string, DemoTask>;
