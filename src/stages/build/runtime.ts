/** The network runtime as it runs on the nodes: one bundled file, and the Node.js that runs it. */

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {digestOfTree} from '../../cache/digest.ts';
import {removeTree} from '../../cache/files.ts';
import {project} from '../../project.ts';
import {packPackage, parsePacked} from '../../tools/npm.ts';
import {bundleRuntime} from '../lib/bundle-runtime.ts';
import {notAsPinned} from '../lib/not-as-pinned.ts';
import {artifactTask} from '../lib/products.ts';

export const runtimeFile = 'kni-runtime.cjs';

/** The runtime of this checkout, or of this package, as one file. */
export const runtime = artifactTask({
  id: 'build/runtime',
  title: 'Bundle the network runtime',
  needs: [],
  inputs: async () => ({
    sources: await digestOfTree(project.runtime),
    // What is bundled from node_modules is named by the lock file, or by the package's own dependencies.
    dependencies: JSON.parse(await readFile(join(project.root, 'package.json'), 'utf8')).dependencies,
  }),
  fill: (out) => bundleRuntime(join(out, runtimeFile)),
});

export const nodejs = artifactTask({
  id: 'build/nodejs',
  title: 'Download Node.js for the nodes',
  needs: [],
  inputs: ({stack, architecture}) => ({
    version: stack.nodejs.version,
    ...stack.nodejs.packages[architecture],
  }),
  async fill(out, {host, stack, architecture}, {signal, log}) {
    const {name, integrity} = stack.nodejs.packages[architecture];
    const {version} = stack.nodejs;
    const {stdout} = await host.run(packPackage(name, version, out), {signal, cwd: out});
    const packed = parsePacked(stdout);
    const tarball = join(out, packed.filename);
    if (packed.integrity !== integrity) {
      throw notAsPinned({
        what: `${name}@${version}`,
        stack: stack.name,
        why: `its integrity is ${packed.integrity}, expected ${integrity}`,
        tryThis: 'use another registry',
      });
    }
    await host.run(['tar', ['-C', out, '--strip-components=2', '-xf', tarball, 'package/bin/node']], {
      signal,
      onLine: log,
    });
    await removeTree(tarball);
  },
});
