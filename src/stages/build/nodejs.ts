/** Downloads Node.js for the nodes, which run the network runtime with it. */

import {join} from 'node:path';
import {removeTree} from '../../cache/files.ts';
import {packPackage, parsePacked} from '../../tools/npm.ts';
import {pinMismatch} from '../lib/pin-mismatch.ts';
import {artifactTask} from '../lib/products.ts';

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
      throw pinMismatch({
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
