/** Go's own tests of what the patches add, run where and from what the cluster's programs were built. */

import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {demoContext} from '../../src/cli/context.ts';
import {fingerprintsOf} from '../../src/graph/fingerprint.ts';
import type {Running} from '../../src/graph/task.ts';
import {build} from '../../src/stages/build/build.ts';
import {goCache, runStep} from '../../src/stages/container.ts';
import {demoPlan} from '../../src/stages/demo.ts';
import {init} from '../../src/stages/init/init.ts';
import {artifactOf, imageOf} from '../../src/stages/products.ts';
import {cluster, host} from './rig.ts';

/** What `go test` printed: a line for each package. Rejects where one fails. */
export const goTests = async (): Promise<string> => {
  const signal = new AbortController().signal;
  const context = await demoContext(
    {
      host,
      env: process.env,
      signal,
      stdout: process.stdout,
      stderr: process.stderr,
      confirm: async () => false,
    },
    {cluster: {name: cluster, workers: 1}},
  );
  const fingerprints = await fingerprintsOf(demoPlan(), context);
  const fingerprintOf = (id: string): string => fingerprints.get(id) ?? '';
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const running: Running = {fingerprint: fingerprintOf(build.kubernetes.id), fingerprintOf, signal, log};
  const out = await mkdtemp(join(tmpdir(), 'kni-go-'));
  try {
    await runStep(
      {
        image: imageOf(build.containerdBuilderImage.id, running),
        script: ['test-kni-package.sh'],
        // Tests of containerd mount namespaces, which is what they are about.
        privileged: true,
        env: {RACE: '1'},
        mounts: [
          {
            from: artifactOf(init.kubernetesTree.id, context, running),
            to: '/go/src/k8s.io/kubernetes',
            readOnly: true,
          },
          {
            from: artifactOf(init.containerdTree.id, context, running),
            to: '/go/src/github.com/containerd/containerd',
            readOnly: true,
          },
          await goCache(context),
        ],
        out,
      },
      context,
      running,
    );
    return lines.join('\n');
  } catch (error) {
    process.stderr.write(`${lines.join('\n')}\n`);
    throw error;
  } finally {
    await rm(out, {recursive: true, force: true});
  }
};
