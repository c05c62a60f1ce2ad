/** Builds pause, the program of the sandbox image. */

import {builderImage} from '../init/builder-image.ts';
import {treeIdOf} from '../init/tree.ts';
import {runStep} from '../lib/container.ts';
import {artifactOf, artifactTask, imageOf} from '../lib/products.ts';
import {scriptDigest} from '../lib/project-files.ts';

const tree = treeIdOf('kubernetes');

export const pause = artifactTask({
  id: 'build/pause',
  title: 'Build pause',
  needs: [builderImage.id, tree],
  inputs: async () => ({script: await scriptDigest('build-pause.sh')}),
  async fill(out, context, running) {
    const from = artifactOf(tree, context, running);
    const mounts = [{from, to: '/go/src/k8s.io/kubernetes', readOnly: true}];
    const step = {image: imageOf(builderImage.id, running), mounts, out};
    await runStep({...step, script: ['build-pause.sh']}, context, running);
  },
});
