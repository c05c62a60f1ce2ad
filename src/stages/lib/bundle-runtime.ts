/** The network runtime as one file, so that a node needs Node.js and nothing from npm. */

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {z} from 'zod';
import {readJson} from '../../json.ts';
import {project} from '../../project.ts';

/** Of esbuild's options, those that the file may have. */
const bundleOptions = z.strictObject({
  entryPoints: z.array(z.string()),
  bundle: z.boolean(),
  platform: z.literal('node'),
  format: z.literal('cjs'),
  target: z.string(),
  legalComments: z.literal('none'),
});

/** With the options of runtime/bundle.json, which also serve whoever bundles it by hand. */
export const bundleRuntime = async (outfile: string): Promise<void> => {
  const options = readJson(
    bundleOptions,
    await readFile(join(project.runtime, 'bundle.json'), 'utf8'),
    'runtime/bundle.json',
  );
  // Loaded where it is needed: most runs bundle nothing.
  const {build} = await import('esbuild');
  await build({...options, absWorkingDir: project.root, outfile, logLevel: 'silent'});
};
