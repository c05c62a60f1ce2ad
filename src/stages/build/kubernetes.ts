/** The programs out of the patched tree of kubernetes. */

import type {Running} from '../../graph/task.ts';
import {goCache, runStep} from '../container.ts';
import type {DemoContext} from '../context.ts';
import {scriptDigest} from '../files.ts';
import {init} from '../init/init.ts';
import {artifactOf, artifactTask, imageOf} from '../products.ts';

/** kubelet, kubeadm and the control plane by one `go build`: they share nearly every package. */
export const kubernetes = artifactTask({
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
    scripts: [await scriptDigest('build-kubernetes.sh'), await scriptDigest('generate-openapi.sh')],
  }),
  async fill(out, context, running) {
    const {version, binaries} = context.stack.kubernetes;
    await buildKubernetes({out, tree: init.kubernetesTree.id, version, binaries}, context, running);
  },
});

export interface KubernetesBuild {
  readonly out: string;
  /** The task whose tree is built. */
  readonly tree: string;
  readonly version: string;
  readonly binaries: readonly string[];
}

export const buildKubernetes = async (
  {out, tree, version, binaries}: KubernetesBuild,
  context: DemoContext,
  running: Running,
): Promise<void> => {
  const from = artifactOf(tree, context, running);
  const mounts = [{from, to: '/go/src/k8s.io/kubernetes'}, await goCache(context)];
  const step = {image: imageOf(init.builderImage.id, running), env: {VERSION: version}, mounts, out};
  await runStep({...step, script: ['build-kubernetes.sh', ...binaries]}, context, running);
};

export const pause = artifactTask({
  id: 'build/pause',
  title: 'Build pause',
  needs: [init.builderImage.id, init.kubernetesTree.id],
  inputs: async () => ({script: await scriptDigest('build-pause.sh')}),
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
