/** The Go tests of the patches and of the template in Go, in the images in which these programs were built. */

import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {project} from '../../../src/project.ts';
import {containerdBuilderImage} from '../../../src/stages/build/containerd-builder-image.ts';
import {goRuntimeBuilderImage} from '../../../src/stages/build/go-runtime-builder-image.ts';
import {treeIdOf} from '../../../src/stages/init/tree.ts';
import type {ContainerStep} from '../../../src/stages/lib/container.ts';
import {type Builder, builder} from './builder.ts';

/** In the patched sources of the cluster. */
export const goTests = (): Promise<string> =>
  tested(({artifact}) => ({
    script: ['test-kni-package.sh'],
    // The tests of containerd mount network namespaces.
    privileged: true,
    mounts: [
      {from: artifact(treeIdOf('kubernetes')), to: '/go/src/k8s.io/kubernetes', readOnly: true},
      {
        from: artifact(treeIdOf('containerd')),
        to: '/go/src/github.com/containerd/containerd',
        readOnly: true,
      },
    ],
  }));

/** With the adapter for CRI v1 and the libraries of a current kubelet, which a newer Debian suite has. */
export const goTestsForCriV1 = (suite: string): Promise<string> =>
  tested(() => ({
    script: ['test-kni-package-v1.sh', suite],
    mounts: [
      {from: join(project.patches, 'kni'), to: '/kni', readOnly: true},
      {from: join(project.runtime, 'proto'), to: '/proto', readOnly: true},
    ],
  }));

/** Those of a project of `runtime new`. */
export const goTemplateTests = (directory: string): Promise<string> => {
  const workdir = '/go/src/example.com/kni-runtime';
  return tested(
    () => ({
      script: ['test-go-runtime.sh'],
      privileged: true,
      mounts: [{from: directory, to: workdir, readOnly: true}],
      workdir,
    }),
    goRuntimeBuilderImage.id,
  );
};

type Tests = Pick<ContainerStep, 'script' | 'privileged' | 'workdir'> &
  Required<Pick<ContainerStep, 'mounts'>>;

/** Returns the output of `go test`, with a line for each package; rejects if a test fails. */
const tested = async (
  testsIn: (builder: Builder) => Tests,
  image = containerdBuilderImage.id,
): Promise<string> => {
  const theBuilder = await builder();
  const {mounts, ...tests} = testsIn(theBuilder);
  const out = await mkdtemp(join(tmpdir(), 'kni-go-'));
  try {
    return await theBuilder.run('go-tests', {
      ...tests,
      image: theBuilder.image(image),
      env: {RACE: process.env['KNI_E2E_RACE'] ?? '0'},
      mounts: [...mounts, theBuilder.goCache()],
      out,
    });
  } finally {
    await rm(out, {recursive: true, force: true});
  }
};
