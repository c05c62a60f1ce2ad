/** Bundles our TypeScript into a program, for tests that need another process. */

import {basename} from 'node:path';
import {build} from 'esbuild';
import type {TempDir} from './temp-dir.ts';

/** Bundles `entry` into `dir`; returns the path of a file that node can run. */
export const bundle = async (entry: string, dir: TempDir): Promise<string> => {
  const outfile = dir.join(`${basename(entry, '.ts')}.mjs`);
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // As build.js: Node.js 20 does not know `using`.
    target: 'node20.19',
    logLevel: 'silent',
    // Dependencies that are CommonJS ask for it.
    banner: {
      js: "import {createRequire} from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return outfile;
};
