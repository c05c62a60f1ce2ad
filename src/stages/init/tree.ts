/** Makes patched source trees: Debian's patches first if the source is Debian's, then our series. */

import {join} from 'node:path';
import {digestOfTree, sha256File} from '../../cache/digest.ts';
import {project} from '../../project.ts';
import type {Component} from '../../stacks/own-source.ts';
import type {DemoContext, DemoTask} from '../context.ts';
import {goEnv, runStep} from '../lib/container.ts';
import {explainTree} from '../lib/explain.ts';
import {artifactOf, artifactTask, imageOf} from '../lib/products.ts';
import {scriptDigest} from '../lib/project-files.ts';
import {sourceIdOf} from '../lib/source-id.ts';
import {builderImage} from './builder-image.ts';

/** The directory of our patches for a component. */
export const seriesOf = (component: Component, {stack}: Pick<DemoContext, 'stack'>): string =>
  join(project.patches, stack[component].patches);

/** The directory of our Go files for a component: they are copied, so that the patches hold only hooks. */
const goFilesOf = (component: Component): string =>
  join(project.patches, component === 'kubernetes' ? 'kni' : 'containerd');

export interface TreeParts {
  readonly component: Component;
  readonly id: string;
  readonly title: string;
  /** Id of the task that brings the source. */
  readonly source: string;
  /** Whether to apply our series. */
  readonly patched: boolean;
}

export const treeTask = ({component, id, title, source, patched}: TreeParts): DemoTask =>
  artifactTask({
    id,
    title,
    needs: [builderImage.id, source],
    inputs: async ({stack}) => ({
      cri: stack.kubernetes.cri,
      layout: stack.builder.go.layout,
      prepare: [await scriptDigest('prepare-tree.sh'), await scriptDigest('check-go.sh')],
      ...(patched && {
        patches: await digestOfTree(seriesOf(component, {stack})),
        goFiles: await digestOfTree(goFilesOf(component)),
        ...(component === 'kubernetes' && {
          // Not the other definitions, which the tree does not use.
          proto: await sha256File(join(project.runtime, 'proto/kni.proto')),
          generate: await scriptDigest('generate-kni-api.sh'),
        }),
      }),
    }),
    async fill(directory, context, running) {
      const mounts = [
        {from: artifactOf(source, context, running), to: '/source', readOnly: true},
        {from: seriesOf(component, context), to: '/patches', readOnly: true},
        {from: goFilesOf(component), to: '/go-files', readOnly: true},
        {from: join(project.runtime, 'proto'), to: '/proto', readOnly: true},
      ];
      const step = {
        image: imageOf(builderImage.id, running),
        script: ['prepare-tree.sh', component],
        env: {...goEnv(context), PATCHED: String(patched), CRI: context.stack.kubernetes.cri},
        out: directory,
      } as const;
      await runStep({...step, mounts}, context, running).catch(explainTree);
    },
  });

export const treeIdOf = (component: Component): string => `init/${component}-tree`;

export const patchSource = (component: Component): DemoTask =>
  treeTask({
    component,
    id: treeIdOf(component),
    title: `Patch ${component}`,
    source: sourceIdOf(component),
    patched: true,
  });
