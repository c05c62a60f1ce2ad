/** Finds the tools of the integration tests, and bundles the network runtime as `up` does. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {TestProject} from 'vitest/node';
import {runtimeFile} from '../../src/stages/build/runtime.ts';
import {bundleProgram} from '../../src/stages/lib/bundle-program.ts';
import {findTools, type Tools} from '../rig/node/tools.ts';

declare module 'vitest' {
  interface ProvidedContext {
    tools: Tools;
    /** Path of the bundled network runtime. */
    runtimeFile: string;
  }
}

export default async ({provide}: TestProject): Promise<() => Promise<void>> => {
  if (process.geteuid?.() !== 0)
    throw new Error('The integration tests make network namespaces, which takes root.');
  provide('tools', await findTools());
  const dir = await mkdtemp(join(tmpdir(), 'kni-runtime-'));
  const file = join(dir, runtimeFile);
  await bundleProgram('runtime', file);
  provide('runtimeFile', file);
  return () => rm(dir, {recursive: true});
};
