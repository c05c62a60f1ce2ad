/** Builds the Kubernetes programs that the stack lists, from the patched tree. */

import {treeIdOf} from '../init/tree.ts';
import {kubernetesBuildTask} from '../lib/kubernetes-build.ts';

export const kubernetesPrograms = kubernetesBuildTask({
  id: 'build/kubernetes',
  title: 'Build the Kubernetes programs',
  tree: treeIdOf('kubernetes'),
  version: ({stack}) => stack.kubernetes.version,
  binaries: ({stack}) => stack.kubernetes.binaries,
});
