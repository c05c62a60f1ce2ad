/** init: pinned sources are in the cache, checked and patched, and there is something to build them in. */

import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {artifactPath} from '../cache/artifact.ts';
import {digestOfTree, sha256File} from '../cache/digest.ts';
import {errnoOf, removeTree} from '../cache/files.ts';
import {scratchPath} from '../cache/scratch.ts';
import {UserError} from '../errors.ts';
import {exitCodes} from '../exit-codes.ts';
import {CommandError} from '../host/command-error.ts';
import {project} from '../project.ts';
import type {DebianSource} from '../stacks/schema.ts';
import {sourcesList} from '../tools/apt.ts';
import {buildEnv, buildImage, importImage, pullImage, runContainer, tagImage} from '../tools/docker.ts';
import {bootstrap} from '../tools/mmdebstrap.ts';
import {runStep} from './container.ts';
import type {DemoContext, DemoTask} from './context.ts';
import {explainPatch} from './explain.ts';
import {hostTaskIds} from './host/tasks.ts';
import {artifactOf, artifactTask, imageOf, imageTask} from './products.ts';

const image = (name: string): string => join(project.manifests, 'images', name);
const script = (name: string): Promise<string> => sha256File(join(project.manifests, 'build', name));

/** Bootstrapped from the host's own mirror where the host is a Debian, pulled by name elsewhere. */
const baseImage = imageTask({
  id: 'init/base-image',
  title: 'Make the Debian base image',
  needs: hostTaskIds,
  inputs: ({stack, architecture}) => ({...stack.base, architecture}),
  async make(tag, {host, machine, stack, dirs}, {signal, log, fingerprint}) {
    const mirrors = await machine.mirrors();
    if (mirrors && (await machine.whereIs('mmdebstrap')) !== undefined) {
      const scratch = scratchPath(artifactPath(dirs, 'base-image', fingerprint));
      await mkdir(scratch, {recursive: true});
      try {
        const tarball = join(scratch, 'base.tar');
        const input = sourcesList(mirrors, stack.base.suite);
        await host.run(bootstrap(stack.base.suite, tarball), {input, signal, onLine: log});
        await host.run(importImage(tarball, tag), {signal});
      } finally {
        await removeTree(scratch);
      }
    } else {
      await pull(stack.base.image, {host, signal, log});
      await host.run(tagImage(stack.base.image, tag), {signal});
    }
    await probePrivileged(tag, {host, signal});
  },
});

type Step = Pick<DemoContext, 'host'> & {readonly signal: AbortSignal; readonly log?: (line: string) => void};

const pull = async (name: string, {host, signal, log}: Step): Promise<void> => {
  try {
    await host.run(pullImage(name), {signal, ...(log && {onLine: log})});
  } catch (error) {
    if (signal.aborted || !(error instanceof CommandError)) throw error;
    throw new UserError(
      {
        what: `cannot pull ${name}`,
        why: error.output.split('\n').at(-1) ?? error.reason,
        tryThis: 'on a Debian host let it be made from the Debian mirror: apt-get install mmdebstrap',
        exitCode: exitCodes.hostLacks,
      },
      {cause: error},
    );
  }
};

/** The first moment at which it can be tried, and minutes before kind would find out. */
const probePrivileged = async (tag: string, {host, signal}: Step): Promise<void> => {
  try {
    await host.run(
      runContainer({image: tag, name: `kni-demo-probe-${process.pid}`, privileged: true, command: ['true']}),
      {
        signal,
      },
    );
  } catch (error) {
    if (signal.aborted || !(error instanceof CommandError)) throw error;
    throw new UserError(
      {
        what: 'this docker engine cannot run privileged containers, which kind nodes are',
        why: error.output.split('\n').at(-1) ?? error.reason,
        tryThis:
          'an engine of version 23 or later asks only for the capabilities there are; rootless engines do not fit',
        exitCode: exitCodes.hostLacks,
      },
      {cause: error},
    );
  }
};

const builderImage = imageTask({
  id: 'init/builder-image',
  title: 'Make the builder image',
  needs: [baseImage.id],
  inputs: async ({stack}) => ({
    packages: stack.packages.builder,
    dockerfile: await digestOfTree(image('builder')),
  }),
  async make(tag, {host, stack}, running) {
    const args = {BASE: imageOf(baseImage.id, running), PACKAGES: stack.packages.builder.join(' ')};
    await host.run(buildImage({tag, context: image('builder'), args}), {
      env: buildEnv,
      signal: running.signal,
      onLine: running.log,
    });
  },
});

interface SourceParts {
  readonly component: string;
  readonly suite: (context: DemoContext) => string;
  readonly source: (context: DemoContext) => DebianSource;
}

const sourceTask = ({component, suite, source}: SourceParts): DemoTask =>
  artifactTask({
    id: `init/${component}-source`,
    title: `Download the sources of ${component}`,
    needs: [baseImage.id],
    inputs: async (context) => ({...source(context), fetch: await script('fetch-source.sh')}),
    async fill(directory, context, running) {
      const {package: name, version, files} = source(context);
      await runStep(
        {
          image: imageOf(baseImage.id, running),
          script: ['fetch-source.sh', suite(context), name, version],
          out: directory,
          workdir: '/out',
        },
        context,
        running,
      );
      await checkFiles(directory, files, context.stack.name);
    },
  });

/** Throws UserError naming the first file that is not there, or not what the stack pins. */
export const checkFiles = async (
  directory: string,
  files: DebianSource['files'],
  stack: string,
): Promise<void> => {
  for (const {name, sha256} of files) {
    const found = await sha256File(join(directory, name)).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return 'no such file';
      throw error;
    });
    if (found === sha256) continue;
    throw new UserError({
      what: `${name} is not what the stack ${stack} pins`,
      why:
        found === 'no such file'
          ? 'the mirror did not deliver it'
          : `its sha256 is ${found}, expected ${sha256}`,
      tryThis: `use another mirror, or correct manifests/stacks/${stack}.yaml if the change is wanted; nothing was kept`,
    });
  }
};

const kubernetesSource = sourceTask({
  component: 'kubernetes',
  suite: ({stack}) => stack.base.suite,
  source: ({stack}) => stack.kubernetes.source,
});
const containerdSource = sourceTask({
  component: 'containerd',
  suite: ({stack}) => stack.base.suite,
  source: ({stack}) => stack.containerd.source,
});
const kindSource = sourceTask({
  component: 'kind',
  suite: ({stack}) => stack.kind.suite,
  source: ({stack}) => stack.kind.source,
});

const treeTask = (component: 'kubernetes' | 'containerd'): DemoTask =>
  artifactTask({
    id: `init/${component}-tree`,
    title: `Patch ${component}`,
    needs: [builderImage.id, `init/${component}-source`],
    inputs: async ({stack}) => ({
      patches: await digestOfTree(join(project.patches, stack[component].patches)),
      prepare: await script('prepare-tree.sh'),
      ...(component === 'kubernetes' && {
        kni: await digestOfTree(join(project.patches, 'kni')),
        proto: await digestOfTree(join(project.runtime, 'proto')),
        generate: await script('generate-kni-api.sh'),
      }),
    }),
    async fill(directory, context, running) {
      const mounts = [
        {from: artifactOf(`init/${component}-source`, context, running), to: '/source', readOnly: true},
        {from: join(project.patches, context.stack[component].patches), to: '/patches', readOnly: true},
        {from: join(project.patches, 'kni'), to: '/kni', readOnly: true},
        {from: join(project.runtime, 'proto'), to: '/proto', readOnly: true},
      ];
      const step = {
        image: imageOf(builderImage.id, running),
        script: ['prepare-tree.sh', component],
        out: directory,
      } as const;
      await runStep({...step, mounts}, context, running).catch(explainPatch);
    },
  });

const kubernetesTree = treeTask('kubernetes');
const containerdTree = treeTask('containerd');

export const init = {
  baseImage,
  builderImage,
  kubernetesSource,
  containerdSource,
  kindSource,
  kubernetesTree,
  containerdTree,
} as const satisfies Record<string, DemoTask>;
