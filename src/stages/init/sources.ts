/** Sources from the Debian mirror, pinned by version and sha256. */

import {join} from 'node:path';
import {sha256File} from '../../cache/digest.ts';
import {errnoOf} from '../../cache/files.ts';
import {UserError} from '../../errors.ts';
import type {DebianSource} from '../../stacks/schema.ts';
import {runStep} from '../container.ts';
import type {DemoContext, DemoTask} from '../context.ts';
import {scriptDigest} from '../files.ts';
import {artifactTask, imageOf} from '../products.ts';
import {baseImage} from './images.ts';

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
    inputs: async (context) => ({...source(context), fetch: await scriptDigest('fetch-source.sh')}),
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

export const kubernetesSource = sourceTask({
  component: 'kubernetes',
  suite: ({stack}) => stack.base.suite,
  source: ({stack}) => stack.kubernetes.source,
});
export const containerdSource = sourceTask({
  component: 'containerd',
  suite: ({stack}) => stack.base.suite,
  source: ({stack}) => stack.containerd.source,
});
export const kindSource = sourceTask({
  component: 'kind',
  suite: ({stack}) => stack.kind.suite,
  source: ({stack}) => stack.kind.source,
});
