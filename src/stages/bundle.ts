/** The network runtime as one file, so that a node needs Node.js and nothing from npm. */

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {type BuildOptions, build} from 'esbuild';
import {project} from '../project.ts';

/** With the options of runtime/bundle.json, which also serve whoever bundles it by hand. */
export const bundleRuntime = async (outfile: string): Promise<void> => {
  const options = JSON.parse(await readFile(join(project.runtime, 'bundle.json'), 'utf8')) as BuildOptions;
  await build({...options, absWorkingDir: project.root, outfile, logLevel: 'silent'});
};
