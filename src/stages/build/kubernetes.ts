/** The programs out of the patched tree of kubernetes. */

import type {Stack} from '../../stacks/schema.ts';
import type {DemoContext, DemoTask} from '../context.ts';
import {builderImage} from '../init/base-image.ts';
import {treeOf} from '../init/tree.ts';
import {goCache, goEnv, runStep} from '../lib/container.ts';
import {artifactOf, artifactTask, imageOf} from '../lib/products.ts';
import {scriptDigest} from '../lib/project-files.ts';

export interface KubernetesBuild {
  readonly id: string;
  readonly title: string;
  /** The task whose tree is built. */
  readonly tree: string;
  readonly version: (context: DemoContext) => string;
  readonly binaries: (context: DemoContext) => readonly string[];
}

/** By one `go build`: the programs share nearly every package. */
export const kubernetesBuildTask = ({id, title, tree, version, binaries}: KubernetesBuild): DemoTask =>
  artifactTask({
    id,
    title,
    needs: [builderImage.id, tree],
    inputs: async (context) => ({
      version: version(context),
      binaries: binaries(context),
      layout: context.stack.builder.go.layout,
      scripts: [await scriptDigest('build-kubernetes.sh'), await scriptDigest('generate-openapi.sh')],
    }),
    async fill(out, context, running) {
      const from = artifactOf(tree, context, running);
      const mounts = [{from, to: '/go/src/k8s.io/kubernetes'}, await goCache(context)];
      const env = {...goEnv(context), VERSION: version(context)};
      const step = {image: imageOf(builderImage.id, running), env, mounts, out};
      await runStep({...step, script: ['build-kubernetes.sh', ...binaries(context)]}, context, running);
    },
  });

export const kubernetesId = 'build/kubernetes';

export const kubernetesTask = ({node}: Stack): DemoTask =>
  kubernetesBuildTask({
    id: kubernetesId,
    title: node.from === 'debian' ? 'Build kubelet, kubeadm and the control plane' : 'Build the kubelet',
    tree: treeOf('kubernetes'),
    version: ({stack}) => stack.kubernetes.version,
    binaries: ({stack}) => stack.kubernetes.binaries,
  });

export const pause = artifactTask({
  id: 'build/pause',
  title: 'Build pause',
  needs: [builderImage.id, treeOf('kubernetes')],
  inputs: async () => ({script: await scriptDigest('build-pause.sh')}),
  async fill(out, context, running) {
    const tree = artifactOf(treeOf('kubernetes'), context, running);
    const mounts = [{from: tree, to: '/go/src/k8s.io/kubernetes', readOnly: true}];
    await runStep(
      {image: imageOf(builderImage.id, running), mounts, out, script: ['build-pause.sh']},
      context,
      running,
    );
  },
});
