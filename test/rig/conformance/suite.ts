/** The parts that the tests of the conformance suite share. */
import {build} from 'esbuild';
import {groups} from '../../../src/conformance/groups.ts';
import type {Outcome} from '../../../src/conformance/result.ts';
import {runSuite} from '../../../src/conformance/run.ts';
import type {Host} from '../../../src/host/host.ts';
import {localHost} from '../../../src/host/process.ts';
import {project} from '../../../src/project.ts';

/** A host whose programs find iproute2, iptables and the like. */
export const hostWithTools = (env: Readonly<Record<string, string>>): Host => {
  const host = localHost();
  return {run: (command, options) => host.run(command, {...options, env: {...env, ...options?.env}})};
};

/** Bundles the model runtime into a file. */
export const bundleModel = (outfile: string): Promise<unknown> =>
  build({
    absWorkingDir: project.root,
    entryPoints: ['test/rig/conformance/model-runtime.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: {
      js: "import {createRequire} from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'silent',
  });

/** Checks requirements against the model runtime with a fault; without one if `fault` is empty. */
export const checkModel = async (
  ids: readonly string[],
  {fault, file, host}: {readonly fault: string; readonly file: string; readonly host: Host},
): Promise<Readonly<Record<string, Outcome>>> => {
  const chosen = groups.flatMap(({requirements, isSlow = false}) =>
    requirements.filter(({id}) => ids.includes(id)).map((each) => ({...each, isSlow})),
  );
  const prepare = async () => ['env', [`KNI_FAULT=${fault}`, process.execPath, file]] as const;
  const results = await runSuite({kind: 'program', host, prepare}, chosen, {
    signal: new AbortController().signal,
    onResult: () => undefined,
  });
  return Object.fromEntries(results.map(({id, outcome}) => [id, outcome]));
};
