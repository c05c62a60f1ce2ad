/** A source tree as Debian has it: its patches applied, and none of ours. */

import {mkdir} from 'node:fs/promises';
import {builderImage} from '../../src/stages/init/images.ts';
import {sourceOf} from '../../src/stages/init/sources.ts';
import {builder} from './builder.ts';

/** Makes the directory, which must not be there. */
export const unpackSource = async (component: 'kubernetes' | 'containerd', to: string): Promise<void> => {
  const {image, artifact, run} = await builder();
  await mkdir(to);
  await run(`${component}-source`, {
    image: image(builderImage.id),
    script: ['prepare-tree.sh', component],
    env: {PATCHED: 'false'},
    mounts: [{from: artifact(sourceOf(component)), to: '/source', readOnly: true}],
    out: to,
  });
};
