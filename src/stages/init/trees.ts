/** Patched source trees: Debian's patches first, as the pinned source has them, then our series. */

import {join} from 'node:path';
import {digestOfTree} from '../../cache/digest.ts';
import {project} from '../../project.ts';
import {runStep} from '../container.ts';
import type {DemoTask} from '../context.ts';
import {explainPatch} from '../explain.ts';
import {scriptDigest} from '../files.ts';
import {artifactOf, artifactTask, imageOf} from '../products.ts';
import {builderImage} from './images.ts';

const treeTask = (component: 'kubernetes' | 'containerd'): DemoTask =>
  artifactTask({
    id: `init/${component}-tree`,
    title: `Patch ${component}`,
    needs: [builderImage.id, `init/${component}-source`],
    inputs: async ({stack}) => ({
      patches: await digestOfTree(join(project.patches, stack[component].patches)),
      prepare: await scriptDigest('prepare-tree.sh'),
      ...(component === 'kubernetes' && {
        kni: await digestOfTree(join(project.patches, 'kni')),
        proto: await digestOfTree(join(project.runtime, 'proto')),
        generate: await scriptDigest('generate-kni-api.sh'),
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

export const kubernetesTree = treeTask('kubernetes');
export const containerdTree = treeTask('containerd');
