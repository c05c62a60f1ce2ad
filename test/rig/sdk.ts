/** Builds the SDK from the current sources, and projects that use it. */

import {copyFile, mkdir, readFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {type BuildOptions, build} from 'esbuild';
import {project} from '../../src/project.ts';
import {buildProject} from '../../src/runtimes/build.ts';
import {createProject} from '../../src/runtimes/new.ts';
import {readProject} from '../../src/runtimes/project.ts';

/** As build.js does. Returns the directory with sdk.js and sdk.d.ts. */
export const buildSdk = async (dir: string): Promise<string> => {
  await mkdir(dir, {recursive: true});
  const options = await readFile(join(project.runtime, 'sdk.bundle.json'), 'utf8');
  await build({
    ...(JSON.parse(options) as BuildOptions),
    absWorkingDir: project.root,
    outfile: join(dir, 'sdk.js'),
    logLevel: 'silent',
  });
  await copyFile(join(project.runtime, 'sdk.d.ts'), join(dir, 'sdk.d.ts'));
  return dir;
};

/**
 * Creates a project in `dir` as `runtime new` does, with the code of `example` instead of the template's. Returns the path of its
 * bundle, or instead an executable that behaves as the template must: KNI_TEMPLATE.
 */
export const bundleTemplate = async (dir: string, example?: string): Promise<string> => {
  const other = process.env['KNI_TEMPLATE'];
  if (other !== undefined && example === undefined) return other;
  const sdk = await buildSdk(join(dirname(dir), 'sdk'));
  await createProject(dir, 'typescript', {sdk});
  if (example !== undefined) await copyFile(join(project.root, example), join(dir, 'runtime.ts'));
  const bundle = join(dirname(dir), 'runtime.mjs');
  await buildProject(await readProject(dir), bundle, {
    compileGo: undefined,
    signal: new AbortController().signal,
  });
  return bundle;
};
