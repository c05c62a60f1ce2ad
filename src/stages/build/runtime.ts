/** Bundles the network runtime of this checkout, or of this package, into one file. */

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {digestOfTree} from '../../cache/digest.ts';
import {project} from '../../project.ts';
import {bundleProgram} from '../lib/bundle-program.ts';
import {artifactTask} from '../lib/products.ts';

export const runtimeFile = 'kni-runtime.cjs';

export const runtime = artifactTask({
  id: 'build/runtime',
  title: 'Bundle the network runtime',
  needs: [],
  inputs: async () => ({
    sources: await digestOfTree(project.runtime),
    // Exact versions: they identify the files of node_modules that are bundled.
    dependencies: JSON.parse(await readFile(join(project.root, 'package.json'), 'utf8')).dependencies,
  }),
  fill: (out) => bundleProgram('runtime', join(out, runtimeFile)),
});
