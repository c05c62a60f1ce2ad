/** Bundles the network runtime and the DNS server into one file each, so that they need Node.js but no npm packages. */

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {z} from 'zod';
import {readJson} from '../../json.ts';
import {project} from '../../project.ts';

/** The options of esbuild that a bundle.json may contain. */
const bundleOptions = z.strictObject({
  entryPoints: z.array(z.string()),
  bundle: z.boolean(),
  platform: z.literal('node'),
  format: z.literal('cjs'),
  target: z.string(),
  legalComments: z.literal('none'),
  /** A shorter file starts faster. Names stay, and lines are short, so that stacks can be read. */
  minifyWhitespace: z.boolean(),
  lineLimit: z.number(),
  /** grpc-js loads this one for channelz only, which is off. */
  external: z.array(z.literal('@grpc/proto-loader')),
});

/** Uses the options of `<program>/bundle.json`, which also serve for bundling by hand. */
export const bundleProgram = async (program: 'runtime' | 'dns', outfile: string): Promise<void> => {
  const options = readJson(
    bundleOptions,
    await readFile(join(project[program], 'bundle.json'), 'utf8'),
    `${program}/bundle.json`,
  );
  // Imported only here, because most runs do not bundle.
  const {build} = await import('esbuild');
  await build({...options, absWorkingDir: project.root, outfile, logLevel: 'silent'});
};
