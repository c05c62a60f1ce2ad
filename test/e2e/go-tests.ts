/** Go's own tests of what the patches add, run where and from what the cluster's programs were built. */

import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {build} from '../../src/stages/build/build.ts';
import {init} from '../../src/stages/init/init.ts';
import {builder} from './builder.ts';

/** What `go test` printed: a line for each package. Rejects where one fails. */
export const goTests = async (): Promise<string> => {
  const {image, artifact, goCache, run} = await builder();
  const out = await mkdtemp(join(tmpdir(), 'kni-go-'));
  try {
    return await run('go-tests', {
      image: image(build.containerdBuilderImage.id),
      script: ['test-kni-package.sh'],
      // Tests of containerd mount namespaces, which is what they are about.
      privileged: true,
      env: {RACE: '1'},
      mounts: [
        {from: artifact(init.kubernetesTree.id), to: '/go/src/k8s.io/kubernetes', readOnly: true},
        {
          from: artifact(init.containerdTree.id),
          to: '/go/src/github.com/containerd/containerd',
          readOnly: true,
        },
        await goCache(),
      ],
      out,
    });
  } finally {
    await rm(out, {recursive: true, force: true});
  }
};
