/** A source tree as Debian has it: its patches applied, and none of ours. */

import {mkdir} from 'node:fs/promises';
import {init} from '../../src/stages/init/init.ts';
import {builder} from './builder.ts';

/** Makes the directory, which must not be there. */
export const unpackSource = async (component: 'kubernetes' | 'containerd', to: string): Promise<void> => {
  const {image, artifact, run} = await builder();
  const source = init[`${component}Source`].id;
  await mkdir(to);
  await run(`${component}-source`, {
    image: image(init.builderImage.id),
    script: ['prepare-tree.sh', component],
    env: {PATCHED: 'false'},
    mounts: [{from: artifact(source), to: '/source', readOnly: true}],
    out: to,
  });
};
